"""`python -m compass`: the same as the command `compass`."""

from compass.cli.main import main

if __name__ == "__main__":
    main()
