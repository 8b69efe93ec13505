-- SPDX-License-Identifier: MIT
--
-- Hostile bytes become one harmless line, and nothing is lost on the way.

package.path = "tests/lua/?.lua;" .. package.path
local fake = require "fake_core"

-- Undoes text.escape.
local function unescape(s)
  local named = {n = "\n", t = "\t", r = "\r", ["\\"] = "\\"}
  local parts, position = {}, 1
  while position <= #s do
    local byte, code = s:match("^\\x(%x%x)", position), s:match("^\\u{(%x+)}", position)
    if byte then
      parts[#parts + 1], position = string.char(tonumber(byte, 16)), position + 4
    elseif code then
      parts[#parts + 1], position = utf8.char(tonumber(code, 16)), position + #code + 4
    elseif s:sub(position, position) == "\\" then
      parts[#parts + 1], position = assert(named[s:sub(position + 1, position + 1)]), position + 2
    else
      parts[#parts + 1], position = s:sub(position, position), position + 1
    end
  end
  return table.concat(parts)
end

-- Strings that hurt: random bytes, random characters, and mixtures of both with what is special.
local function hostile(random)
  local pieces = {"\27[2J", "\n", "\\", "\\x41", "\xff", "é", "漢", "\u{202e}", "\u{200b}", "\u{2028}", "\0",
    "a", " ", "\xed\xa0\x80",
    "\xf4\x90\x80\x80", "\xc0\xaf", "\xe2\x80", "e\u{301}", "'", '"', "\u{85}", "\u{feff}", "\x7f"}
  local parts = {}
  for i = 1, random(0, 12) do
    parts[i] = random(4) == 1 and string.char(random(0, 255)) or pieces[random(#pieces)]
  end
  return table.concat(parts)
end

local function random_strings(count)
  math.randomseed(20240229)
  local list = {}
  for i = 1, count do list[i] = hostile(math.random) end
  return list
end

local text

describe("escape", function()
  before_each(function() text = fake.new().load("text") end)

  it("leaves what is printable as it is", function()
    for _, s in ipairs {"", "/etc/passwd", "a b~", "grüße", "漢字.txt", "e\u{301}"} do
      assert.equal(s, text.escape(s))
    end
  end)

  it("shows what a terminal would obey or hide", function()
    local cases = {
      ["\27[31mred"] = "\\x1b[31mred", ["a\nb\tc\r"] = "a\\nb\\tc\\r", ["\0"] = "\\x00", ["\x7f"] = "\\x7f",
      ["\xff\xfe"] = "\\xff\\xfe", ["a\xc3"] = "a\\xc3", ["\xc0\xaf"] = "\\xc0\\xaf",
        ["\xed\xa0\x80"] = "\\xed\\xa0\\x80",
      ["\u{9b}31m"] = "\\u{9b}31m", ["x\u{202e}gpj.exe"] = "x\\u{202e}gpj.exe",
        ["\u{2066}\u{2069}"] = "\\u{2066}\\u{2069}",
      ["a\u{200b}b"] = "a\\u{200b}b", ["\u{2028}\u{2029}"] = "\\u{2028}\\u{2029}", ["\u{feff}"] = "\\u{feff}",
      ["a\\b"] = "a\\\\b",
    }
    for bytes, shown in pairs(cases) do
      assert.equal(shown, text.escape(bytes))
    end
  end)

  it("can be undone, and gives one line of valid UTF-8 without controls", function()
    for _, s in ipairs(random_strings(3000)) do
      local shown = text.escape(s)
      assert.equal(s, unescape(shown))
      assert.truthy(utf8.len(shown))
      assert.falsy(shown:find("%c"))
      for _, code in utf8.codes(shown) do
        assert.falsy(code >= 0x80 and code < 0xa0 or code >= 0x200b and code <= 0x200f
          or code >= 0x2028 and code <= 0x202e or code >= 0x2060 and code <= 0x206f)
      end
    end
  end)

  it("writes only ASCII where the locale has no more", function()
    text.use_unicode(false)
    for _, s in ipairs(random_strings(1000)) do
      local shown = text.escape(s)
      assert.falsy(shown:find("[^ -~]"))
      assert.equal(s, unescape(shown))
    end
    assert.equal("gr\\u{fc}n", text.escape("grün"))
    assert.equal("->", text.marks.out)
  end)

  it("takes 4 KiB of broken bytes in its stride", function()
    assert.equal(4 * 4096, #text.escape(("\xff"):rep(4096)))
  end)
end)

describe("tame", function()
  it("keeps the backslashes a script wrote, and no control", function()
    text = fake.new().load("text")
    assert.equal([[a\nb C:\x]], text.tame("a\nb C:\\x"))
    assert.equal([[\x1b[0m]], text.tame("\27[0m"))
  end)
end)

describe("locale", function()
  local function is_unicode(variables)
    return fake.new().load("text").locale_is_unicode(function(name) return variables[name] end)
  end

  it("goes by the first variable that is set", function()
    assert.truthy(is_unicode {LANG = "C.UTF-8"})
    assert.truthy(is_unicode {LC_ALL = "", LC_CTYPE = "de_DE.utf8", LANG = "C"})
    assert.falsy(is_unicode {LC_ALL = "C", LANG = "C.UTF-8"})
    assert.falsy(is_unicode {})
  end)
end)

describe("width and cut", function()
  before_each(function() text = fake.new().load("text") end)

  it("counts columns, not bytes", function()
    assert.equal(5, text.width("grüße"))
    assert.equal(4, text.width("漢字"))
    assert.equal(1, text.width("e\u{301}"))
    assert.equal(2, text.width("😀"))
  end)

  it("cuts in the middle, keeping both ends", function()
    local cut = text.cut("/usr/share/doc/" .. ("x"):rep(4096) .. "/end.txt", 40)
    assert.equal(40, text.width(cut))
    assert.truthy(cut:find("^/usr/share/do"))
    assert.truthy(cut:find("/end%.txt$"))
    assert.truthy(cut:find("…", 1, true))
  end)

  it("never exceeds the width, tears no escape, and stays valid", function()
    for _, s in ipairs(random_strings(1000)) do
      local escaped = text.escape(s)
      for _, width in ipairs {1, 5, 12, 30} do
        local cut = text.cut(escaped, width)
        assert.truthy(text.width(cut) <= width)
        assert.truthy(utf8.len(cut))
        assert.truthy(pcall(unescape, (cut:gsub("…", ""))))
      end
    end
  end)

  it("pads by columns", function()
    assert.equal("漢  ", text.pad("漢", 4))
    assert.equal("  漢", text.pad("漢", 4, "right"))
    assert.equal("long", text.pad("long", 2))
  end)
end)

describe("command", function()
  it("is quoted as a shell needs it", function()
    text = fake.new().load("text")
    assert.equal("curl -s https://example.com", text.command {"curl", "-s", "https://example.com"})
    assert.equal("sh -c 'a | b > f' ''", text.command {"sh", "-c", "a | b > f", ""})
    assert.equal("'it'\\''s'", text.command {"it's"})
    assert.equal("$'\\\\u{41}\\U0000202e'", text.command {"\\u{41}\u{202e}"})
  end)

  it("gives a shell the same bytes back", function()
    text = fake.new().load("text")
    for i, s in ipairs(random_strings(60)) do
      s = s:gsub("%z", "")
      if i > 20 then s = s:gsub("[\x80-\xff]", "") end

             local script = ("printf %s " .. text.shell(s)):gsub("'", "'\\''")
      local pipe = assert(io.popen("LC_ALL=C.UTF-8 bash -c '" .. script .. "'"))
      local back = pipe:read "a"
      pipe:close()
      assert.equal(s, back)
    end
  end)
end)
