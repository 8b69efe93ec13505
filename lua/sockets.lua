-- SPDX-License-Identifier: MIT
--
-- sockets: lands in the next step; here so that the event table can be read.

return {model = {calls = {}, records = {}, needs = {}}}
