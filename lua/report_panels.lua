-- SPDX-License-Identifier: MIT
--
-- report_panels: what scripts add to the report. What is a function is called at the end:
--
--     report.panel{title = "Largest files", columns = {{"path", "string"}, {"bytes", "number"}}, kind = "bars",
--       x = "path", y = "bytes", rows = function() return list end}

local core <const> = require "compendium.core"
local errors <const> = require "compendium.api_errors"
local redact <const> = require "compendium.redact"

local panels <const> = {}

local KEYS <const> = {
  title = "string", text = true, columns = "table", rows = true, kind = "string", x = "string", y = "string",
}
local KINDS <const> = {table = true, line = true, bars = true, text = true}
local CODINGS <const> = {number = "number", string = "string"}

local declared <const> = {}
local is_started = false

local function check_columns(columns)
  local codings = {}
  for i, column in ipairs(columns) do
    local name, coding = table.unpack(type(column) == "table" and column or {column, "string"})
    if type(name) ~= "string" or not CODINGS[coding] then
      errors.blame('a panel\'s column is {"name", "number"} or {"name", "string"}')
    end
    codings[i] = {name, coding}
  end
  if #codings == 0 or #codings > 64 then errors.blame("a panel has 1 to 64 columns") end
  return codings
end

local function check(panel)
  errors.check(panel, "table", "a panel")
  for key, value in pairs(panel) do
    local expected = KEYS[key]
    if not expected then
      errors.blame("a panel has no '%s'%s", tostring(key), errors.hint(tostring(key), errors.names(KEYS)))
    end
    if expected ~= true then errors.check(value, expected, ("a panel's '%s'"):format(key)) end
  end
  errors.check(panel.title, "string", "a panel's title")
  if (panel.text == nil) == (panel.columns == nil) then errors.blame("a panel has a text, or columns and rows") end
  if panel.columns and panel.rows == nil then
    errors.blame("a panel with columns has rows, or a function that gives them")
  end
  if panel.kind and not KINDS[panel.kind] then errors.blame("a panel's kind is table, line, bars or text") end
end

--- # The report

---@class report
---@class ReportPanel
---@field title string
---@field text? string|fun(): string
---@field columns? string[][] name and coding
---@field rows? table|fun(): table
---@field kind? "table"|"bars"|"line"|"text"
---@field x? string
---@field y? string

--- report.panel(panel: ReportPanel)
--- adds to the page of `--report`, before the trace starts: `{title=, text=}`, or a table `{title=, columns=, rows=}`
--- of columns `{"name", "number"}` or `{"name", "string"}`. `rows` is a list of rows (values in order, or by name), or,
--- as `text`, a function that is called at the end; `kind="bars"` or `"line"` with `x=` and `y=` is a graph

function panels.panel(panel)
  if is_started then errors.blame("panels are declared before the trace starts; their rows may be a function") end
  check(panel)
  declared[#declared + 1] = {
    title = panel.title, text = panel.text, columns = panel.columns and check_columns(panel.columns), rows = panel.rows,
    kind = panel.kind or (panel.text and "text" or "table"), x = panel.x, y = panel.y,
  }
end

--- report.note(e: Event, text: string)
--- a note on the event's row in the report

-- Declares the tables of the panels.
function panels.start(add_table)
  is_started = true
  for i, panel in ipairs(declared) do
    if panel.columns then
      panel.table = "panel" .. i
      panel.put = add_table(panel.table, panel.columns)
    end
  end
end

-- A value of a row as its column wants it.
local function value_of(value, coding)
  if value == nil then return nil end
  if coding == "number" then return math.tointeger(value) or type(value) == "number" and math.floor(value) or nil end
  local s = tostring(value)
  return redact.is_on and redact.apply(s) or s
end

local function write_row(panel, row)
  local values = {}
  for i, column in ipairs(panel.columns) do
    local value = row[i]
    if value == nil then value = row[column[1]] end
    values[i] = value_of(value, column[2])
  end
  panel.put(table.unpack(values, 1, #panel.columns))
end

-- What a panel's part is: itself, or what the function gives. A function that fails is told of, and gives nothing.
local function resolve(panel, part)
  local value = panel[part]
  if type(value) ~= "function" then return value end
  local ok, result = xpcall(value, debug.traceback)
  if ok then return result end
  core.log("error", ('the panel "%s" failed: %s'):format(panel.title, tostring(result)))
end

-- Writes the rows, and returns what the page is to show of them, or nil.
function panels.finish()
  local list = {}
  for i, panel in ipairs(declared) do
    local rows = panel.columns and resolve(panel, "rows")
    for _, row in ipairs(type(rows) == "table" and rows or {}) do
      if type(row) == "table" then write_row(panel, row) end
    end
    local words = resolve(panel, "text")
    list[i] = {
      title = panel.title, table = panel.table, text = words ~= nil and tostring(words) or nil, kind = panel.kind,
      x = panel.x, y = panel.y,
    }
  end
  return #list > 0 and list or nil
end

return panels
