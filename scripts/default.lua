-- SPDX-License-Identifier: MIT
--
-- default: what a program does, live and summed up.
-- This is what runs when no -s and no -e is given. Other scripts start from it with `use "default"`.
--
--     [+0.003s] open    /etc/resolv.conf (read)
--     [+0.011s] send        29 B → udp4 10.0.0.2:53
--     [+0.015s] connect tcp4 → 93.184.216.34:443

output.terminal(true)
output.summary(true)
