"""Entity-based communication: who can talk to whom, what they tell each other, and who learned what from whom."""

from compass.communication.channel import Channel, Exchange
from compass.communication.full import FullInformation
from compass.communication.told import ToldRows
from compass.communication.trace import Delivery, Trace

__all__ = ["Channel", "Delivery", "Exchange", "FullInformation", "ToldRows", "Trace"]
