"""The skirmish engine behind the StarCraft II API: unmodified smacv2 and other API clients play on it.

`world` is the game (no protobuf), `observe`, `orders`, `debug`, `queries` and `facts` translate between it and the API's
messages, `game` answers requests. Two ways lead there: `inprocess` puts a game behind pysc2 without a socket; `server` listens
where StarCraft II would (`connection` is one client's websocket), started by `compass serve-sc2`, or by `binary` from the folder
that `install` writes. Needs s2clientprotocol, the server also websockets (`make sc2` installs both).
"""
