-- SPDX-License-Identifier: MIT
--
-- secrets: tokens, keys and passwords in what is written, sent, or given as arguments. What it finds is shown nowhere
-- in full: all output of this trace has it redacted.
--
--     compendium -s default -s secrets -- ./deploy
--
--     [+0.105s] a GitHub token is sent to tcp4 10.0.0.1:80: ghp_…
--     [+0.010s] a password is an argument of curl: --password…
--
-- Options: pattern=LUA adds a pattern of your own.

want("data", "16k")

local KINDS <const> = {
  {"an AWS key",
    "AKIA[%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d][%u%d]"},
  {"a GitHub token", "gh[pousr]_%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w%w+"},
  {"a private key", "%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-"},
  {"a bearer token", "[Bb]earer [%w%-%._~+/]+=*"},
  {"a password in a URL", "%a+://[^%s/:@]+:[^%s/@]+@"},
  {"a password", "[Pp]assword[=:][^%s&]+"},
  {"a Slack token", "xox[abprs]%-[%w%-]+"},
  {"a JSON web token", "eyJ[%w_%-]+%.eyJ[%w_%-]+%.[%w_%-]+"},
}
local own <const> = option("pattern", "", "a Lua pattern of your own")
if own ~= "" then KINDS[#KINDS + 1] = {"a secret", own} end
for _, kind in ipairs(KINDS) do redact(kind[2]) end

local SHOWN <const> = 4 -- bytes, so that one can find out which

local function look(e, bytes, where)
  for _, kind in ipairs(KINDS) do
    local found = bytes:match(kind[2])
    if found then say(e, "%s %s: %s…", kind[1], where, found:sub(1, SHOWN)) end
  end
end

on("send", function(e)
  if not e.error and e.data then look(e, e.data, ("is sent to %s %s"):format(e.protocol or "?", e.remote or "?")) end
end)
on("write", function(e)
  if not e.error and e.data then look(e, e.data, "is written to " .. (e.path or e.file and e.file.name or "?")) end
end)
on("exec", function(e)
  for _, word in ipairs(not e.error and e.argv or {}) do look(e, word, "is an argument of " .. (e.comm or "?")) end
end)
