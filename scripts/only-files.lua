-- SPDX-License-Identifier: MIT
--
-- only-files: files only: what is opened, read, written, renamed and removed.
--
--     [+0.003s] open    /etc/hosts (read)
--     [+0.004s] read      221 B ← /etc/hosts

use "default"
filter(function(e) return e.class == "file" end)
