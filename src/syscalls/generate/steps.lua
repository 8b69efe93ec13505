-- SPDX-License-Identifier: MIT
--
-- Capture programs: from what the arguments are to the steps that read their memory. See source/capture.h.

local steps <const> = {}

-- What is read, how large an element is (a number, or "long" times a factor), for the kinds of memory.
local kinds <const> = {
  STR = {"STRING"}, PATH = {"STRING"}, STRV = {"STRINGS"},
  BUF = {"PAYLOAD", 1}, BYTES = {"BYTES", 1}, SOCKADDR = {"BYTES", 1}, SIGSET = {"BYTES", 1}, FDSET = {"BYTES", 1},
  STATUS = {"BYTES", 4}, INTS = {"BYTES", 4}, INT64S = {"BYTES", 8}, LONGS = {"BYTES", "long"},
  STRUCT = {"BYTES", "layout"},
  IOVEC = {"IOVEC"}, MSGHDR = {"MESSAGE"}, MMSGHDR = {"MESSAGES"},
}

-- Memory that makes no sense without a length.
steps.needs_length = {
  BUF = true, BYTES = true, SOCKADDR = true, SIGSET = true, FDSET = true, IOVEC = true, MMSGHDR = true,
}

-- What the kernel takes at most, so that absurd lengths cost nothing.
local most <const> = {SOCKADDR = 128, SIGSET = 128}

local length_ops <const> = {count = "COUNT", ret = "RESULT", pointed = "POINTED", if_ret = "IF_RESULT"}

local function unit_of(arg, long_bytes)
  local unit <const> = kinds[arg.kind][2] or 1
  if arg.length and arg.length.is_bytes then
    return 1
  end
  return unit == "long" and long_bytes or unit == "layout" and arg.layout.size or unit
end

-- The vectors are filled by the kernel after the call, but where it will put things is known before.
local function flags_of(arg)
  local vector <const> = arg.kind == "IOVEC" or arg.kind == "MSGHDR" or arg.kind == "MMSGHDR"
  if vector and arg.out then
    return {"AT_ENTRY", "AT_EXIT", "KERNEL_WRITES"}
  elseif arg.kind == "MMSGHDR" then
    return {"AT_ENTRY", "AT_EXIT"} -- how much of each was sent
  end
  local flags <const> = {}
  flags[#flags + 1] = arg.inn and "AT_ENTRY" or nil
  flags[#flags + 1] = arg.out and "AT_EXIT" or nil
  return flags
end

local function step_of(arg, long_bytes)
  local length <const> = arg.length
  local step <const> = {
    op = kinds[arg.kind][1], flags = flags_of(arg), arg = arg.index, slot = arg.slot, unit = unit_of(arg, long_bytes),
    max = length and length.is_bytes and arg.layout and arg.layout.size or most[arg.kind] or 0,
    length = "FIXED", length_slot = 0, length_arg = 0, length_bytes = 0,
  }
  if arg.kind == "FDSET" then
    step.length, step.unit = "BITS", long_bytes
  elseif length and length.fixed then
    step.unit = step.unit * length.fixed
  elseif length then
    step.length = length_ops[length.from]
  end
  if length and length.target then
    step.length_slot, step.length_arg = length.target.slot, length.target.index
    step.length_bytes = length.target.bytes
  end
  return step
end

-- Lengths that are in memory come first: the steps that use them find them in the record.
function steps.of(args, long_bytes)
  local result <const>, is_length <const> = {}, {}
  for _, arg in ipairs(args) do
    if arg.length and arg.length.from == "pointed" then
      is_length[arg.length.target] = true
    end
  end
  for _, first in ipairs {true, false} do
    for _, arg in ipairs(args) do
      if arg.is_memory and (is_length[arg] or false) == first then
        result[#result + 1] = step_of(arg, long_bytes)
      end
    end
  end
  return result
end

return steps
