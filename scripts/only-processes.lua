-- SPDX-License-Identifier: MIT
--
-- only-processes: which programs run, who starts whom, signals, and how each ends.
--
--     [+0.001s] ─── make exec ───
--     [+0.010s] fork    → 4712
--     [+0.011s] [4712] ─── gcc exec ─── gcc -c main.c
--     [+0.200s] [4712] exit    0

use "default"
filter(function(e) return e.class == "process" or e.class == "signal" end)
