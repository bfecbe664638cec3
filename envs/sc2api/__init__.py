"""The skirmish engine behind the StarCraft II API: unmodified smacv2 and other API clients play on it.

`world` is the game (no protobuf), `observe`, `orders` and `facts` translate between it and the API's messages, `game` answers
requests, and `inprocess` puts a game behind pysc2 without a socket. Needs s2clientprotocol (`make sc2` installs it).
"""
