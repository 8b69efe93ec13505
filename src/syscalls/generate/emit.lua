-- SPDX-License-Identifier: MIT
--
-- Writes the tables as C initialisers.

local structs <const> = require "generate.structs"

local emit <const> = {}

local HEADER <const> = "/* Generated from the YAML tables in src/syscalls. */\n"

-- ORDER enum record_arch
local ARCHES <const> = {"ARCH_X86_64", "ARCH_I386", "ARCH_X32"}

local function hex(value)
  return ("UINT64_C(0x%x)"):format(value)
end

function emit.constants(families)
  local out <const> = {HEADER}
  for _, family in ipairs(families) do
    out[#out + 1] = ("static const struct constant constants_of_%s[] = {"):format(family.name)
    for _, constant in ipairs(family.list) do
      out[#out + 1] = ('\t{"%s", %s, %s},'):format(constant.name, hex(constant.value), hex(constant.mask))
    end
    out[#out + 1] = "};\n"
  end
  out[#out + 1] = ("enum { FAMILY_COUNT = %d };\n"):format(#families)
  out[#out + 1] = "const struct family families[] = {" -- in alphabetical order: they are searched
  for _, family in ipairs(families) do
    out[#out + 1] = ('\t{"%s", %s, constants_of_%s, %d},'):format(
      family.name, family.is_flags, family.name, #family.list)
  end
  out[#out + 1] = "};\n"
  for _, name in ipairs {"errno", "signal"} do
    out[#out + 1] = ("static const char *const %s_names[] = {"):format(name)
    local seen <const> = {}
    for _, constant in ipairs(families[name].list) do
      if not seen[constant.value] then -- the first name of a number is the one to show
        out[#out + 1] = ('\t[%d] = "%s",'):format(constant.value, constant.name)
        seen[constant.value] = true
      end
    end
    out[#out + 1] = "};\n"
  end
  return table.concat(out, "\n")
end

function emit.constants_check(families)
  local out <const> = {HEADER}
  for _, headers in ipairs {"libc", "kernel"} do
    out[#out + 1] = ("#ifdef CHECK_%s"):format(headers:upper())
    for _, family in ipairs(families) do
      for _, constant in ipairs(family.headers == headers and family.list or {}) do
        local check <const> = ('\tCHECK("%s", %s, %s)'):format(family.name, constant.name, hex(constant.value))
        if constant.mark == "?" then
          out[#out + 1] = ("#ifdef %s\n%s\n#endif"):format(constant.name, check)
        elseif constant.mark == "" then
          out[#out + 1] = check
        end
      end
    end
    out[#out + 1] = "#endif\n"
  end
  return table.concat(out, "\n")
end

local function family_reference(family)
  return family and ("&families[%d]"):format(family.index) or "NULL"
end

local function layout_name(layout)
  return ("struct_%s_%s"):format(layout.name, layout.abi)
end

local function emit_layout(out, layout)
  out[#out + 1] = ("static const struct struct_field fields_of_%s[] = {"):format(layout_name(layout))
  for _, field in ipairs(layout.fields) do
    out[#out + 1] = ('\t{"%s", ARG_%s, %d, %s, %d, %d, %s, %s},'):format(
      field.name, field.kind, field.bytes, field.list, field.offset, field.size, family_reference(field.family),
      field.layout and "&" .. layout_name(field.layout) or "NULL")
  end
  out[#out + 1] = "};"
  out[#out + 1] = ('static const struct struct_layout %s = {"%s", %d, %d, fields_of_%s};\n'):format(
    layout_name(layout), layout.name, layout.size, #layout.fields, layout_name(layout))
end

local function is_list(arg)
  local length <const> = arg.length
  return length ~= nil and length.from ~= "if_ret" and not (length.is_bytes and arg.kind == "STRUCT")
end

local function arg_line(arg)
  return ('\t{"%s", ARG_%s, %d, %d, %s, %s, %s, %s, %s, %s},'):format(
    arg.name, arg.kind, arg.slot, arg.bytes, arg.pair, arg.inn or false, arg.out or false,
    is_list(arg), family_reference(arg.scalar and arg.scalar.family),
    arg.layout and "&" .. layout_name(arg.layout) or "NULL")
end

local function step_line(step)
  local flags <const> = {}
  for _, flag in ipairs(step.flags) do
    flags[#flags + 1] = "CAPTURE_" .. flag
  end
  return ("\t{CAPTURE_%s, %s, %d, %d, LENGTH_%s, %d, %d, %d, %d, %d},"):format(
    step.op, table.concat(flags, " | "), step.arg, step.slot, step.length, step.length_slot, step.length_arg,
    step.length_bytes, step.unit, step.max)
end

-- Many calls have the same arguments or steps: each distinct array is written once.
local function new_pool(type_name, prefix, line)
  local pool <const> = {known = {}, count = 0}
  function pool.reference(out, items)
    if #items == 0 then
      return "NULL"
    end
    local lines <const> = {}
    for i, item in ipairs(items) do
      lines[i] = line(item)
    end
    local text <const> = table.concat(lines, "\n")
    if not pool.known[text] then
      pool.count = pool.count + 1
      pool.known[text] = prefix .. pool.count
      out[#out + 1] = ("static const struct %s %s%d[] = {\n%s\n};"):format(type_name, prefix, pool.count, text)
    end
    return pool.known[text]
  end
  return pool
end

local function row_text(row, args, steps, variants)
  return ('{"%s", 0x%x, %d, %d, %d, %d, ARG_%s, %s, %s, %s, %d, %d, %s}'):format(
    row.name, row.classes, row.class, #row.args, #row.steps, row.long_bytes, row.ret.kind,
    family_reference(row.ret.family), args, steps, row.chooser or 0, row.variants and #row.variants or 0, variants)
end

local function emit_variants(out, row, number, pools)
  if #row.variants == 0 then
    return "NULL"
  end
  local index_of <const>, rows <const>, list <const> = {}, {}, {}
  for _, variant in ipairs(row.variants) do
    if not index_of[variant.row] then
      local args <const> = pools.args.reference(out, variant.row.args)
      local steps <const> = pools.steps.reference(out, variant.row.steps)
      rows[#rows + 1] = "\t" .. row_text(variant.row, args, steps, "NULL") .. ","
      index_of[variant.row] = #rows - 1
    end
    list[#list + 1] = ("\t{%s, %s, &variant_rows_%d[%d]},"):format(
      hex(variant.value), hex(variant.mask), number, index_of[variant.row])
  end
  out[#out + 1] = ("static const struct syscall_row variant_rows_%d[] = {\n%s\n};"):format(
    number, table.concat(rows, "\n"))
  out[#out + 1] = ("static const struct syscall_variant variants_%d[] = {\n%s\n};"):format(
    number, table.concat(list, "\n"))
  return "variants_" .. number
end

-- name -> its number in each architecture
local function emit_names(out, by_number)
  local names <const>, numbers <const> = {}, {}
  for arch = 1, 3 do
    for nr, row in pairs(by_number[arch]) do
      if not numbers[row.name] then
        numbers[row.name] = {-1, -1, -1}
        names[#names + 1] = row.name
      end
      numbers[row.name][arch] = nr
    end
  end
  table.sort(names)
  out[#out + 1] = "static const struct name_numbers names[] = {"
  for _, name in ipairs(names) do
    out[#out + 1] = ('\t{"%s", {%s}},'):format(name, table.concat(numbers[name], ", "))
  end
  out[#out + 1] = "};"
end

function emit.calls(table_of_calls, families)
  local out <const> = {HEADER, ("extern const struct family families[%d];"):format(#families)}
  for _, layout in ipairs(table_of_calls.layouts.all) do
    emit_layout(out, layout)
  end
  local pools <const> = {
    args = new_pool("syscall_arg", "args_", arg_line),
    steps = new_pool("capture_step", "steps_", step_line),
  }
  local lines <const> = {}
  for number, row in ipairs(table_of_calls.rows) do
    local args <const> = pools.args.reference(out, row.args)
    local steps <const> = pools.steps.reference(out, row.steps)
    lines[number] = "\t" .. row_text(row, args, steps, emit_variants(out, row, number, pools)) .. ","
    row.number = number
  end
  out[#out + 1] = ("static const struct syscall_row rows[] = {\n%s\n};"):format(table.concat(lines, "\n"))
  for arch, map in ipairs(table_of_calls.by_number) do
    out[#out + 1] = ("static const uint16_t rows_of_%s[] = { /* 1 + index in rows */"):format(structs.abis[arch])
    for nr = 0, 1023 do
      if map[nr] then
        out[#out + 1] = ("\t[%d] = %d,"):format(nr, map[nr].number)
      end
    end
    out[#out + 1] = "};"
  end
  out[#out + 1] = "static const struct {\n\tconst uint16_t *rows;\n\tint count;\n} arches[ARCH_COUNT] = {"
  for arch, name in ipairs(structs.abis) do
    out[#out + 1] = ("\t[%s] = {rows_of_%s, sizeof rows_of_%s / sizeof(uint16_t)},"):format(ARCHES[arch], name, name)
  end
  out[#out + 1] = "};"
  emit_names(out, table_of_calls.by_number)
  out[#out + 1] = "static const char *const class_names[] = {"
  for _, name in ipairs(table_of_calls.classes) do
    out[#out + 1] = ('\t"%s",'):format(name)
  end
  out[#out + 1] = "};\n"
  return table.concat(out, "\n")
end

return emit
