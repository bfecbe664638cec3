"""The planner that looks: a vision-language model perceives, reflects, reasons and chooses a skill, each step a prompt file."""
