-- SPDX-License-Identifier: MIT
--
-- report_reader: reads a report's file again, by src/report/FORMAT.md and nothing of the program's own. base64 is
-- undone here, gzip by gzip. For tests.
--
--   local page = reader.read(path)        {start=, ["end"]=, tables={events={{time=, ...}, ...}}, tags=, head=, tail=}
local json <const> = require "cjson"

local reader <const> = {}

local TAG <const> = '<script type="application/x%-compendium" data%-k="(%l+)"([^>]*)>([A-Za-z0-9+/=]*)</script>\n'

local digits <const> = {}
for i = 0, 63 do
  digits[("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):byte(i + 1)] = i
end

local function from_base64(s)
  assert(#s % 4 == 0, "base64 that is not padded")
  local padding = #s:match "=*$"
  local parts = {}
  for at = 1, #s, 4 do
    local a, b, c, d = s:byte(at, at + 3)
    local bits = digits[a] << 18 | digits[b] << 12 | (digits[c] or 0) << 6 | (digits[d] or 0)
    parts[#parts + 1] = (">I3"):pack(bits)
  end
  return table.concat(parts):sub(1, -1 - padding)
end

-- What each gzip member in a list holds.
local function gunzip_all(members)
  local name = os.tmpname()
  local sizes, file = {}, assert(io.open(name, "wb"))
  for i, member in ipairs(members) do
    file:write(member)
    sizes[i] = ("<I4"):unpack(member, #member - 3)
  end
  file:close()
  local pipe = assert(io.popen("gzip -dc < " .. name, "r"))
  local all = pipe:read "a"
  local ok = pipe:close()
  os.remove(name)
  assert(ok, "gzip refuses the data")
  local texts, at = {}, 1
  for i, size in ipairs(sizes) do
    texts[i] = all:sub(at, at + size - 1)
    at = at + size
  end
  assert(at == #all + 1, "sizes of members do not add up")
  return texts
end

-- A block of n values at a position: the values, and where it ends.
local function block(bytes, at, n)
  local width = bytes:byte(at)
  assert(width == 0 or width == 1 or width == 2 or width == 4, "a width of " .. width)
  local values, escapes = {}, at + 1 + width * n
  for i = 1, n do
    local value = 0
    for plane = width - 1, 0, -1 do value = value << 8 | bytes:byte(at + plane * n + i) end
    if value == 0xFFFFFFFF and width == 4 then
      value = ("<i8"):unpack(bytes, escapes)
      escapes = escapes + 8
    end
    values[i] = value
  end
  return values, escapes
end

local function unzigzag(value)
  return (value >> 1) ~ -(value & 1)
end

local decoders <const> = {}

function decoders.number(bytes, n)
  local values, stop = block(bytes, 1, n)
  for i, value in ipairs(values) do values[i] = value ~= 0 and unzigzag(value - 1) or false end
  return values, stop
end

function decoders.delta(bytes, n)
  local values, stop = block(bytes, 1, n)
  local before = 0
  for i, value in ipairs(values) do
    before = before + unzigzag(value)
    values[i] = before
  end
  return values, stop
end

local function named(strings, id)
  return assert(strings[id], "no string of that number was before it")
end

function decoders.string(bytes, n, strings)
  local values, stop = block(bytes, 1, n)
  for i, id in ipairs(values) do values[i] = id ~= 0 and named(strings, id) end
  return values, stop
end

local function pool(bytes, at)
  local count
  count, at = ("<I4"):unpack(bytes, at)
  return block(bytes, at, count)
end

function decoders.text(bytes, n, strings)
  local templates, at = block(bytes, 1, n)
  local numbers, ids, number, id
  numbers, at = pool(bytes, at)
  ids, at = pool(bytes, at)
  number, id = 0, 0
  for i, template in ipairs(templates) do
    templates[i] = template ~= 0 and named(strings, template):gsub("[\1\2\3]", function(mark)
      if mark == "\3" then
        id = id + 1
        return named(strings, ids[id])
      end
      number = number + 1
      return (mark == "\1" and "%d" or "0x%x"):format(numbers[number])
    end)
  end
  assert(number == #numbers and id == #ids, "what was taken out of texts is not all used")
  return templates, at
end

local function add_strings(page, payload)
  local first, count, at = ("<I4I4"):unpack(payload)
  local lengths
  lengths, at = block(payload, at, count)
  assert(first == page.next_string, "numbers of strings do not rise by one")
  for i, length in ipairs(lengths) do
    page.strings[first + i - 1] = payload:sub(at, at + length - 1)
    at = at + length
  end
  assert(at == #payload + 1, "strings are too short or too long")
  page.next_string = first + count
end

local function add_rows(page, name, payload)
  local columns = assert(page.start.tables[name], "rows of a table that was not declared: " .. name)
  local rows = page.tables[name]
  local n, count, at = ("<I4I4"):unpack(payload)
  assert(n >= 1 and n <= 65536, "a group of that many rows")
  assert(count == #columns, "another number of columns")
  local first = #rows
  for i = 1, n do rows[first + i] = {} end
  for _, column in ipairs(columns) do
    local size
    size, at = ("<I4"):unpack(payload, at)
    local values, stop = decoders[column[2]](payload:sub(at, at + size - 1), n, page.strings)
    assert(stop == size + 1, ("column %s has %d bytes too many"):format(column[1], size + 1 - stop))
    for i, value in ipairs(values) do rows[first + i][column[1]] = value or nil end
    at = at + size
  end
  assert(at == #payload + 1, "rows with something behind them")
end

-- The tags of a page, and what is before and behind them. Nothing may be between them.
function reader.split(text)
  local first = text:find('<script type="application/x-compendium"', 1, true)
  local tags, at = {}, first or #text + 1
  while true do
    local from, to, kind, more, data = text:find(TAG, at)
    if from ~= at then break end
    tags[#tags + 1] = {kind = kind, table = more:match ' data%-t="([%w_-]+)"', data = data}
    at = to + 1
  end
  return tags, text:sub(1, (first or #text + 1) - 1), text:sub(at)
end

function reader.decode(text)
  local tags, head, tail = reader.split(text)
  local members = {}
  for i, tag in ipairs(tags) do members[i] = from_base64(tag.data) end
  local page = {tags = tags, head = head, tail = tail, strings = {}, next_string = 1, tables = {}}
  for i, payload in ipairs(gunzip_all(members)) do
    local kind = tags[i].kind
    if kind == "start" or kind == "end" then
      page[kind] = json.decode(payload)
      for name in pairs(kind == "start" and page.start.tables or {}) do page.tables[name] = {} end
    elseif kind == "strings" then
      add_strings(page, payload)
    else
      add_rows(page, tags[i].table, payload)
    end
  end
  return page
end

function reader.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return reader.decode(file:read "a")
end

-- Rows with the same id as one, by id.
function reader.merged(rows)
  local things = {}
  for _, row in ipairs(rows) do
    local thing = things[row.id] or {}
    things[row.id] = thing
    for name, value in pairs(row) do thing[name] = value end
  end
  return things
end

return reader
