-- SPDX-License-Identifier: MIT
--
-- columns: tables with aligned columns, as scripts print them. Cells are bytes of any origin: they come out
-- harmless, on one line.

local text <const> = require "compendium.text"

local columns <const> = {}

local Columns <const> = {}
Columns.__index = Columns

--- columns(headings: string[]): Columns
--- a table to print: `columns{"name", "calls>"}`, `>` aligns to the right; without headings: `columns{}`
function columns.new(headings)
  local self = setmetatable({headings = {}, right = {}, rows = {}}, Columns)
  for i, heading in ipairs(headings or {}) do
    self.right[i] = heading:sub(-1) == ">"
    self.headings[i] = self.right[i] and heading:sub(1, -2) or heading
  end
  return self
end

local function cell(value)
  if value == nil then return "-" end
  return text.escape(type(value) == "string" and value or tostring(value))
end

--- Columns:row(...: any): Columns
--- a row; nil shows as "-"
function Columns:row(...)
  local row = table.pack(...)
  for i = 1, row.n do row[i] = cell(row[i]) end
  self.rows[#self.rows + 1] = row
  return self
end

local function widths(rows)
  local width = {}
  for _, row in ipairs(rows) do
    for i = 1, row.n or #row do width[i] = math.max(width[i] or 0, text.width(row[i])) end
  end
  return width
end

--- Columns:lines(): string[]
--- headings first
function Columns:lines()
  local rows = {}
  if #self.headings > 0 and #self.rows > 0 then rows[1] = self.headings end
  table.move(self.rows, 1, #self.rows, #rows + 1, rows)
  local width, lines = widths(rows), {}
  for i, row in ipairs(rows) do
    local cells, last = {}, row.n or #row
    for j = 1, last do
      local plain = j == last and not self.right[j]
      cells[j] = plain and row[j] or text.pad(row[j], width[j], self.right[j] and "right" or nil)
    end
    lines[i] = table.concat(cells, "  ")
  end
  return lines
end

--- Columns:tell(title?: string)
--- writes the lines where the trace goes; with a title, when there are any rows
function Columns:tell(title)
  if #self.rows == 0 then return end
  local lines = self:lines()
  if title then table.insert(lines, 1, text.escape(title)) end
  require("compendium.terminal").block(lines)
end

return columns
