-- SPDX-License-Identifier: MIT
--
-- shell: runs command lines for tests. run(line) -> status, stdout and stderr as one text.
local shell = {}

function shell.run(line)
  local pipe <close> = assert(io.popen("{ " .. line .. "\n} 2>&1 </dev/null", "r"))
  local text = pipe:read "a"
  local _, _, status = pipe:close()
  return status, text
end

-- As run, for what must succeed.
function shell.must(line)
  local status, text = shell.run(line)
  assert(status == 0, line .. "\n" .. text)
  return text
end

function shell.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

function shell.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

function shell.folder()
  return (shell.must "mktemp -d":gsub("\n", ""))
end

return shell
