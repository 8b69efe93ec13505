-- SPDX-License-Identifier: MIT
--
-- rows: how a section of the summary is laid out: labels on the left, amounts right-aligned, lists of
-- names as long as the width allows. Used by the sections.

local format <const> = require "compendium.format"
local text <const> = require "compendium.text"

local rows <const> = {}

local LEAST_NAME <const> = 12 -- columns without which no name is shown

-- "prefix: a 2 KB, b 1 KB, ..." in `width` columns. items: {name, what follows it}, escaped; the first name
-- is cut if need be. more: how many there are in all, when items are not all.
function rows.list(prefix, items, width, more)
  local total = more or #items
  local line = prefix
  for i, item in ipairs(items) do
    local name, after = item[1], item[2] or ""
    local rest = i < total and text.width(", " .. text.marks.ellipsis) or 0
    local room = width - text.width(line) - 2 - text.width(after) - rest
    if i == 1 and room < LEAST_NAME then
      return prefix
    elseif i == 1 then
      name = text.cut(name, room)
    elseif text.width(name) > room then
      return line .. ", " .. text.marks.ellipsis
    end
    line = line .. (i == 1 and ": " or ", ") .. name .. after
  end
  return total > #items and #items > 0 and line .. ", " .. text.marks.ellipsis or line
end

-- "  Label:      12.4 KB": the label in `columns`, then the amount right-aligned.
function rows.amount(label, bytes, columns)
  return "  " .. text.pad(label .. ":", columns) .. text.pad(format.bytes(bytes), 10, "right")
end

-- Pads the first cells of rows {a, b, ...} so that the second ones are aligned; longest: columns
-- beyond which a cell no longer moves the others.
function rows.align(list, longest)
  local columns = 0
  for _, row in ipairs(list) do
    local width = text.width(row[1])
    columns = width <= longest and math.max(columns, width) or columns
  end
  local lines = {}
  for i, row in ipairs(list) do
    lines[i] = row[2] and row[2] ~= "" and "  " .. text.pad(row[1], columns) .. "   " .. row[2] or "  " .. row[1]
  end
  return lines
end

return rows
