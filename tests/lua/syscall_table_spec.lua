-- SPDX-License-Identifier: MIT
--
-- The generator of the system call table: what it says of tables that are not right, with file and line.

local CONSTANTS <const> = [[
errno: enum ENOENT=2
signal: enum SIGHUP=1
open_flags: flags O_WRONLY=1/3 O_CREAT=0o100
command: enum SET=3
]]

local STRUCTS <const> = [[
point: int x, long y
box: struct point from, u32:open_flags flags
]]

local CALLS <const> = [[
classes: {file: , network: }
calls:
  open: 2/5 file (path name, open_flags flags) fd
  draw: 3/6 file,network (struct box box)
  control:
    call: 4/7 network (command cmd, ulong arg)
    when cmd:
      SET: struct point arg
]]

local folder

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "w"))
  file:write(text)
end

-- Runs the generator over the good tables with `change` = {name, from, to} made in one of them.
local function generate(change)
  local texts <const> = {constants = CONSTANTS, structs = STRUCTS, syscalls = CALLS}
  if change then
    local name <const>, from <const>, to <const> = table.unpack(change)
    local at <const>, last <const> = texts[name]:find(from, 1, true)
    assert(at, from)
    texts[name] = texts[name]:sub(1, at - 1) .. to .. texts[name]:sub(last + 1)
  end
  for name, text in pairs(texts) do
    write(name .. ".yaml", text)
  end
  local command <const> = "build/generate src/syscalls/generate.lua %s/syscalls.inc %s 2>&1"
  local pipe <close> = io.popen(command:format(folder, folder))
  local said <const> = pipe:read "a"
  return pipe:close() == true, said
end

local mistakes <const> = {
  {"a call without a number", {"syscalls", "2/5", "-/-"}, "syscalls.yaml:3: a call needs a number"},
  {"numbers that are none", {"syscalls", "2/5", "2/x"}, "syscalls.yaml:3: '2/x' is not like"},
  {"one number only", {"syscalls", "2/5", "2"}, "syscalls.yaml:3: '2' is not like"},
  {"two calls of one number", {"syscalls", "3/6", "2/6"},
    "syscalls.yaml:4: number 2 of x86_64 is that of open"},
  {"a class that is not in the list", {"syscalls", "file,network", "file,art"},
    "syscalls.yaml:4: 'art' is not a class"},
  {"a row without arguments", {"syscalls", "(struct box box)", ""}, "syscalls.yaml:4: 'draw' is not"},
  {"an unknown kind or family", {"syscalls", "path name", "pfad name"},
    "syscalls.yaml:3: 'pfad' is no kind of argument and no family"},
  {"an unknown struct", {"syscalls", "struct box", "struct bag"},
    "syscalls.yaml:4: struct 'bag' is not in structs.yaml"},
  {"an argument without a name", {"syscalls", "path name", "path"},
    "syscalls.yaml:3: 'path' is not an argument"},
  {"two arguments of one name", {"syscalls", "open_flags flags", "open_flags name"},
    "syscalls.yaml:3: argument 'name' is there twice"},
  {"a buffer without a length", {"syscalls", "path name", "buf name"},
    "syscalls.yaml:3: argument 'name' needs a length"},
  {"a length that is no argument", {"syscalls", "path name", "buf name[size]"},
    "syscalls.yaml:3: the length of 'name' is 'size', which is no argument"},
  {"a length in memory that is no pointer", {"syscalls", "path name", "buf name[*flags]"},
    "syscalls.yaml:3: 'flags' cannot be the length of 'name'"},
  {"a register with a direction", {"syscalls", "open_flags flags", "out open_flags flags"},
    "syscalls.yaml:3: argument 'flags' is in a register"},
  {"more than six registers", {"syscalls", "path name", "loff a, loff b, loff c"},
    "syscalls.yaml:3: 7 registers are too many in ABI i386"},
  {"a variant for what is no constant", {"syscalls", "SET:", "GET:"},
    "syscalls.yaml:8: 'GET' is not a constant of argument 'cmd'"},
  {"a variant of an argument that is not there", {"syscalls", "point arg", "point org"},
    "syscalls.yaml:8: a variant has no argument 'org'"},
  {"variants by an argument that is not there", {"syscalls", "when cmd", "when command"},
    "syscalls.yaml:7: a call with variants needs"},
  {"a family that nobody uses", {"constants", "command:", "spare: enum A\ncommand:"},
    "constants.yaml:4: family 'spare' is used by no call and no struct"},
  {"a family of no kind", {"constants", "enum SET=3", "SET=3"},
    "constants.yaml:4: family 'command' must start with"},
  {"a constant that is there twice", {"constants", "SET=3", "SET=3 SET=4"},
    "constants.yaml:4: SET is there twice"},
  {"a value that is no number", {"constants", "SET=3", "SET=three"},
    "constants.yaml:4: 'three' is not a number"},
  {"a value outside of its mask", {"constants", "1/3", "4/3"},
    "constants.yaml:3: O_WRONLY has bits outside of its mask"},
  {"the errors missing", {"constants", "errno: ", "errnos: "}, "constants.yaml:1: family 'errno' is missing"},
  {"a struct that nobody uses", {"structs", "box:", "ball: int r\nbox:"},
    "structs.yaml:2: struct 'ball' is used by no call"},
  {"a struct that contains itself", {"structs", "int x", "struct box x"},
    "structs.yaml:2: struct 'box' contains itself"},
  {"a type that is none", {"structs", "int x", "integer x"}, "structs.yaml:1: 'integer' is not a type"},
  {"a field that is none", {"structs", "int x", "int"}, "structs.yaml:1: 'int' is not a field"},
  {"a meaning that is none", {"structs", "u32:open_flags", "u32:flags"},
    "structs.yaml:2: 'flags' is neither a meaning nor a family"},
}

describe("the generator of the system call table", function()
  setup(function()
    local pipe <close> = io.popen "mktemp -d"
    folder = pipe:read "l"
  end)

  teardown(function()
    os.execute("rm -r " .. folder)
  end)

  it("takes a table that is right", function()
    local ok <const>, said <const> = generate()
    assert.equal("", said)
    assert.is_true(ok)
    local file <close> = assert(io.open(folder .. "/syscalls.inc"))
    assert.truthy(file:read("a"):find('{"open", 0x1, 0, 2, 1, 8, ARG_FD,', 1, true))
  end)

  for _, case in ipairs(mistakes) do
    it("refuses " .. case[1], function()
      local ok <const>, said <const> = generate(case[2])
      assert.is_false(ok)
      local start <const> = folder .. "/" .. case[3]
      assert.equal(start, said:sub(1, #start))
    end)
  end
end)
