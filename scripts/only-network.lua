-- SPDX-License-Identifier: MIT
--
-- only-network: sockets only: who is talked to, and how much.
--
--     [+0.015s] connect tcp4 → 93.184.216.34:443
--     [+0.156s] send       517 B → tcp4 93.184.216.34:443

use "default"
filter(function(e) return e.class == "network" end)
