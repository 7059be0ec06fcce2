-- celigo.json.decode: texts that are JSON and texts that are not, numbers to
-- the last bit, and agreement with lua-cjson on what both can hold.

local celigo = require "celigo"
local cjson = require "cjson"
local probe = require "json_probe"
local seeded = require "spec.support.seeded"

local json, null = celigo.json, celigo.null

local SEEDS = {
  "connector", "licenses", "object_page", "numbers", "strings", "nested",
  "keys",
}

local function read_seed(name)
  local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
  local file <close> =
    assert(io.open(here .. "fixtures/json/" .. name .. ".json", "rb"))
  return file:read "a"
end

--- The value of a text; the probe checks the stack and hands over a copy
-- whose end a sanitizer knows.
local function decode(text)
  local value, message = probe.decode(text)
  assert(message == nil, message)
  return value
end

-- Between the places that are tried: all of them, but under valgrind.
local STEP = seeded.slow and 7 or 1

local function assert_fault(text, expected)
  local value, message, offset = probe.decode(text)
  -- Plain comparisons: this is done ten thousand times.
  if value ~= nil then error("accepted: " .. text:sub(1, 60)) end
  if offset < 0 or offset > #text
    or not message:find(" at byte " .. offset + 1 .. " (line ", 1, true)
    or expected and message:sub(1, #expected) ~= expected
  then
    error(("%s, by the offset %d; expected: %s"):format(message, offset, expected))
  end
  local same_value, same_message = json.decode(text)
  if same_value ~= nil or same_message ~= message then error("json.decode says " .. tostring(same_message)) end
end

--- Whether two numbers are the same: type, value and sign.
local function same_number(a, b)
  return math.type(a) == math.type(b)
    and string.pack("n", a) == string.pack("n", b)
end

--- Whether two decoded values are the same; where `loose`, numbers need only
-- be the same float, which is all that lua-cjson knows.
local function same(a, b, loose)
  if math.type(a) and math.type(b) then
    return loose and a + 0.0 == b + 0.0 or same_number(a, b)
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in next, a do
    if not same(value, b[key], loose) then return false end
  end
  for key in next, b do
    if a[key] == nil then return false end
  end
  return true
end

local ARRAY = getmetatable(celigo.array {})
local OBJECT = getmetatable(celigo.object {})

describe("celigo.json", function()
  it("has decode, encode and null", function()
    assert.is_function(json.decode)
    assert.is_function(json.encode)
    assert.equal(celigo.null, json.null)
    assert.equal(cjson.null, json.null)
    assert.is_nil(getmetatable(json))
  end)
end)

describe("json.decode", function()
  describe("accepts", function()
    local cases = {
      { "null", null }, { "true", true }, { "false", false },
      { " \t\r\n1 \t\r\n", 1 }, { '""', "" }, { '"a"', "a" },
      { "[]", {} }, { "{}", {} }, { " [ ] ", {} }, { " { } ", {} },
      { "[1,2]", { 1, 2 } }, { "[ 1 , 2 ]", { 1, 2 } },
      { "[[],{}]", { {}, {} } }, { '{"a":1}', { a = 1 } },
      { ' { "a" : [ true , null ] , "b" : { } } ',
        { a = { true, null }, b = {} } },
      { '{"":1}', { [""] = 1 } }, { '{"1":2}', { ["1"] = 2 } },
      { '{"a":1,"a":2}', { a = 2 } },
      { '{"a":1,"b":2,"\\u0061":3}', { a = 3, b = 2 } },
      { '["\\"\\\\\\/\\b\\f\\n\\r\\t"]', { '"\\/\b\f\n\r\t' } },
      { '"\\u0000"', "\0" }, { '"a\\u0000b"', "a\0b" },
      { '"\\u00e9\\u20AC"', "é€" },
      { '"\\u007f\\u0080\\u07ff\\u0800\\uffff\\ud800\\udc00"',
        "\x7F\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}" },
      { '"\\ud83d\\ude00"', "😀" }, { '"\\uDBFF\\uDFFF"', "\u{10FFFF}" },
      { '"\x7F"', "\x7F" }, { '"é€😀"', "é€😀" },
      { '"\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{10000}\u{10FFFF}"',
        "\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{10000}\u{10FFFF}" },
      { '"\u{2028}"', "\u{2028}" },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        assert.same(case[2], decode(case[1]))
        assert.same(case[2], json.decode(case[1]))
      end)
    end
  end)

  describe("makes U+FFFD of a lone surrogate", function()
    local cases = {
      ["\\ud800"] = "\u{FFFD}",
      ["\\udc00"] = "\u{FFFD}",
      ["\\ud800\\ud800"] = "\u{FFFD}\u{FFFD}",
      ["\\udc00\\ud800"] = "\u{FFFD}\u{FFFD}",
      ["\\ud800\\u0041"] = "\u{FFFD}A",
      ["\\ud800\\n"] = "\u{FFFD}\n",
      ["\\ud800x\\udc00"] = "\u{FFFD}x\u{FFFD}",
      ["\\ud800\\ud83d\\ude00"] = "\u{FFFD}😀",
    }
    for text, expected in pairs(cases) do
      it(text, function()
        assert.equal(expected, decode('"' .. text .. '"'))
        assert.equal(1, decode('{"' .. text .. '":1}')[expected])
      end)
    end
  end)

  describe("says what is wrong with", function()
    local cases = {
      { "", "expected a value but found end of text at byte 1 "
        .. "(line 1, column 1)" },
      { "  \n ", "expected a value but found end of text at byte 5 "
        .. "(line 2, column 2)" },
      { '[1,"a",[true] ,2', "expected ',' or ']' but found end of text at "
        .. "byte 17 (line 1, column 17)" },
      { '["é",\n  x]', "expected a value but found 'x' at byte 10 "
        .. "(line 2, column 3)" },
      { '["é" x]', "expected ',' or ']' but found 'x' at byte 7 "
        .. "(line 1, column 6)" },
      { "[1 2]", "expected ',' or ']' but found '2' at byte 4" },
      { "[1,]", "expected a value but found ']' at byte 4" },
      { "[,1]", "expected a value but found ',' at byte 2" },
      { "[1,,2]", "expected a value but found ',' at byte 4" },
      { "[1}", "expected ',' or ']' but found '}' at byte 3" },
      { "]", "expected a value but found ']' at byte 1" },
      { "[", "expected a value but found end of text at byte 2" },
      { "{", "expected a key or '}' but found end of text at byte 2" },
      { "{,}", "expected a key or '}' but found ',' at byte 2" },
      { "{a:1}", "expected a key or '}' but found 'a' at byte 2" },
      { "{1:1}", "expected a key or '}' but found '1' at byte 2" },
      { "{'a':1}", "expected a key or '}' but found \"'\" at byte 2" },
      { '{"a"}', "expected ':' after a key but found '}' at byte 5" },
      { '{"a" 1}', "expected ':' after a key but found '1' at byte 6" },
      { '{"a":}', "expected a value but found '}' at byte 6" },
      { '{"a":1,}', "expected a key but found '}' at byte 8" },
      { '{"a":1 "b":2}', "expected ',' or '}' but found '\"' at byte 8" },
      { '{"a":1]', "expected ',' or '}' but found ']' at byte 7" },
      { "[] x", "expected end of text but found 'x' at byte 4" },
      { "1 2", "expected end of text but found '2' at byte 3" },
      { "[]]", "expected end of text but found ']' at byte 3" },
      { "nul", "expected a value but found 'nul' at byte 1" },
      { "True", "expected a value but found 'True' at byte 1" },
      { "truex", "expected end of text but found 'x' at byte 5" },
      { "NaN", "expected a value but found 'NaN' at byte 1" },
      { "-Infinity", "expected a digit but found 'Infinity' at byte 2" },
      { "undefined", "expected a value but found 'undefined' at byte 1" },
      { "// x\n1", "expected a value but found '/' at byte 1" },
      { "'a'", "expected a value but found \"'\" at byte 1" },
      { "\0", "expected a value but found byte 0x00 at byte 1" },
      { "1\0", "expected end of text but found byte 0x00 at byte 2" },
      { "\v1", "expected a value but found byte 0x0B at byte 1" },
      { "\u{A0}1", "expected a value but found byte 0xC2 at byte 1" },
      { "\xEF\xBB\xBF[]", "expected JSON without a byte order mark but "
        .. "found a byte order mark at byte 1" },
      { "[\xEF\xBB\xBF]", "expected a value but found a byte order mark" },
      { "[\0001\0]\0", "expected a value but found byte 0x00 at byte 2" },
      { "+1", "expected a value but found '+' at byte 1" },
      { ".5", "expected a value but found '.' at byte 1" },
      { "01", "expected no digit after a leading 0 but found '1'" },
      { "-01", "expected no digit after a leading 0 but found '1'" },
      { "00", "expected no digit after a leading 0 but found '0'" },
      { "-", "expected a digit but found end of text at byte 2" },
      { "--1", "expected a digit but found '-' at byte 2" },
      { "1.", "expected a digit but found end of text at byte 3" },
      { "[1.]", "expected a digit but found ']' at byte 4" },
      { "1.e1", "expected a digit but found 'e1' at byte 3" },
      { "1e", "expected a digit in the exponent but found end of text" },
      { "1e+", "expected a digit in the exponent but found end of text" },
      { "1e+-2", "expected a digit in the exponent but found '-'" },
      { "1e1.5", "expected end of text but found '.' at byte 4" },
      { "0x10", "expected end of text but found 'x10' at byte 2" },
      { "1_000", "expected end of text but found '_000' at byte 2" },
      { "1e400", "number beyond the range of a double at byte 1" },
      { "[-1e400]", "number beyond the range of a double at byte 2" },
      { '"', "expected '\"' at the end of a string but found end of text" },
      { '"abc', "expected '\"' at the end of a string but found end of" },
      { '"a\nb"', "expected no bare control character but found byte 0x0A "
        .. "at byte 3" },
      { '"\0"', "expected no bare control character but found byte 0x00" },
      { '"\x1F"', "expected no bare control character but found byte 0x1F" },
      { '"\\', "expected an escape after '\\' but found end of text" },
      { '"\\x41"', "expected one of \"\\/bfnrtu after '\\' but found 'x41'" },
      { '"\\\0"', "expected one of \"\\/bfnrtu after '\\' but found byte" },
      { '"\\U0041"', "expected one of \"\\/bfnrtu after '\\' but found" },
      { '"\\u12"', "expected four hexadecimal digits after '\\u' but found "
        .. "'\"' at byte 6" },
      { '"\\u00g0"', "expected four hexadecimal digits after '\\u' but" },
      { '"\\u', "expected four hexadecimal digits after '\\u' but found end" },
    }
    for _, case in ipairs(cases) do
      it(string.format("%q", case[1]), function()
        assert_fault(case[1], case[2])
      end)
    end
  end)

  describe("refuses what is not UTF-8:", function()
    local cases = {
      "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41",
      "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE2\x82", "\xE2\x28\xA1",
      "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80",
      "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF",
      "\xED\xA0\xBD\xED\xB8\x80",
    }
    for _, bytes in ipairs(cases) do
      local name = bytes:gsub(".", function(c)
        return ("%02X "):format(c:byte())
      end)
      it(name, function()
        -- At every distance from the ends of the scanner's wide steps.
        for before = 0, 33, STEP do
          for after = 0, 17 do
            assert_fault('"' .. ("x"):rep(before) .. bytes
              .. ("y"):rep(after) .. '"', "expected valid UTF-8 in a string")
          end
        end
      end)
    end
  end)

  it("finds what ends a plain run at every place in it", function()
    local cases = {
      ['\\"'] = '"', ["\\u00e9"] = "é", ["é"] = "é", ["\x7F"] = "\x7F",
      ["\\\\"] = "\\",
    }
    local function check(text, expected)
      if text ~= expected then assert.equal(expected, text) end
    end
    for written, meant in pairs(cases) do
      for before = 0, 40, STEP do
        for after = 0, 40 do
          local left, right = ("x"):rep(before), ("y"):rep(after)
          local text = '"' .. left .. written .. right .. '"'
          check(decode(text), left .. meant .. right)
          check(decode("{" .. text .. ":0}")[left .. meant .. right], 0)
        end
      end
    end
    for before = 0, 40, STEP do
      for after = 0, 40 do
        assert_fault('"' .. ("x"):rep(before) .. "\t" .. ("y"):rep(after)
          .. '"', "expected no bare control character but found byte 0x09 at "
          .. "byte " .. before + 2)
      end
    end
  end)

  it("takes 128 levels of nesting and no more", function()
    local function nest(levels, open, close)
      return open:rep(levels) .. "1" .. close:rep(levels)
    end
    local value = decode(nest(128, "[", "]"))
    for _ = 1, 128 do value = value[1] end
    assert.equal(1, value)
    decode(nest(128, '{"a":', "}"))
    decode(nest(64, '[{"a":', "}]"))
    local fault = "more than 128 levels of nesting at byte "
    assert_fault(nest(129, "[", "]"), fault .. "129 ")
    assert_fault(nest(129, '{"a":', "}"), fault .. "641 ")
    assert_fault(nest(64, '[{"a":', "}]"):gsub("1", "[]"), fault)
    assert_fault(("["):rep(1000000), fault)
    -- Width is no depth.
    decode("[" .. ("[],"):rep(1000) .. "{}]")
  end)

  it("wants a string", function()
    assert.has_error(function() json.decode() end)
    assert.has_error(function() json.decode {} end)
    assert.has_error(function() json.decode(nil) end)
  end)

  it("marks arrays, and objects that are empty", function()
    assert.equal(ARRAY, getmetatable(decode "[]"))
    assert.equal(ARRAY, getmetatable(decode "[1]"))
    assert.equal(ARRAY, getmetatable(decode('{"a":[[]]}').a[1]))
    assert.equal(OBJECT, getmetatable(decode "{}"))
    assert.is_nil(getmetatable(decode '{"a":1}'))
    assert.equal(ARRAY, getmetatable(decode("[" .. ("1,"):rep(99) .. "1]")))
  end)

  it("holds arrays of any length in order", function()
    for n = 0, 140 do
      local items = {}
      for i = 1, n do items[i] = i end
      local value = decode("[" .. table.concat(items, ",") .. "]")
      assert.equal(n, #value)
      for i = 1, n do
        if value[i] ~= i then assert.equal(i, value[i]) end
      end
    end
    local many = decode("[" .. ("0,"):rep(99999) .. "0]")
    assert.equal(100000, #many)
  end)

  it("keeps keys apart that are alike", function()
    -- More keys than are remembered, equal in length, first and last bytes.
    for _, length in ipairs { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 25, 31,
      32, 33, 60 } do
      local members, count = {}, 0
      for place = 1, length do
        for c = 0, 25 do
          local key = ("k"):rep(place - 1) .. string.char(97 + c)
            .. ("k"):rep(length - place)
          if not members[key] then
            count = count + 1
            members[key] = count
          end
        end
      end
      local parts = {}
      for key, value in pairs(members) do
        parts[#parts + 1] = ('"%s":%d'):format(key, value)
      end
      local text = "{" .. table.concat(parts, ",") .. "}"
      for _ = 1, 2 do assert.same(members, decode(text)) end
    end
  end)

  it("takes keys in any order, however they are written", function()
    -- Each object is read with the one before it in mind.
    local keys = { "", "a", "ab", "abc", "abcd", "abcdefgh", "abcdefghi",
      "abcdefghijklmnopq", ("k"):rep(32), ("k"):rep(33), "é", "\"", "next" }
    local function member(key, value, way)
      local text = json.encode(key)
      if way == 2 and text:find "[a-z]" then
        text = text:gsub("[a-z]", function(c)
          return ("\\u%04x"):format(c:byte())
        end, 1)
      end
      return text .. (way == 3 and " :" or ":") .. (way == 4 and " " or "")
        .. value
    end
    local parts, expected = {}, {}
    seeded.each(400, function(random)
      local members, object = {}, {}
      for i = 1, random:integer(0, #keys) do
        local key = keys[random:integer(1, #keys)]
        members[i] = member(key, i, random:integer(1, 8))
        object[key] = i
      end
      parts[#parts + 1] = "{" .. table.concat(members, ",") .. "}"
      expected[#expected + 1] = object
    end)
    local all = decode("[" .. table.concat(parts, ",") .. "]")
    for i, object in ipairs(expected) do
      assert.same(object, decode(parts[i]), parts[i])
      assert.same(object, all[i], parts[i])
    end
  end)

  it("holds objects of any number of members, whatever came before", function()
    local parts, expected = {}, {}
    for n = 1, 300 do
      parts[n] = ('"m%d":%d'):format(n, n)
      expected["m" .. n] = n
      local text = ('[{"x":{%s}},{"x":{"y":1}},{"x":{}}]'):format(
        table.concat(parts, ","))
      assert.same({ { x = expected }, { x = { y = 1 } }, { x = {} } },
        decode(text))
    end
  end)
end)

describe("a number", function()
  it("is an integer where it is written as one and fits", function()
    for text, value in pairs {
      ["0"] = 0, ["7"] = 7, ["-1"] = -1, ["10"] = 10,
      ["9007199254740993"] = 9007199254740993,
      ["999999999999999999"] = 999999999999999999,
      ["1000000000000000000"] = 1000000000000000000,
      ["9223372036854775807"] = math.maxinteger,
      ["-9223372036854775808"] = math.mininteger,
    } do
      assert.is_true(same_number(value, decode(text)), text)
    end
  end)

  it("is a float elsewhere", function()
    for text, value in pairs {
      ["-0"] = -0.0, ["-0.0"] = -0.0, ["0.0"] = 0.0, ["-0e9"] = -0.0,
      ["1.0"] = 1.0, ["1e2"] = 100.0, ["1E+2"] = 100.0, ["1e-2"] = 0.01,
      ["9223372036854775808"] = 0x1p63, ["-9223372036854775809"] = -0x1p63,
      ["18446744073709551615"] = 0x1p64, ["18446744073709551616"] = 0x1p64,
      ["36893488147419103232"] = 0x1p65,
      ["100000000000000000000"] = 1e20,
      ["1e-400"] = 0.0, ["-1e-400"] = -0.0, ["0e400"] = 0.0,
      ["0e999999999999999999999"] = 0.0, ["1e-99999999999999999999"] = 0.0,
    } do
      assert.is_true(same_number(value, decode(text)), text)
    end
  end)

  it("is refused beyond a double", function()
    for _, text in ipairs {
      "1e309", "-1e309", "1.8e308", "1e999999999999999999999",
      "1" .. ("0"):rep(309), "1.7976931348623158080e308",
      "179769313486231580793728971405303415079934132710037826936173778980444"
        .. "96829276475094664901797758720709633028641669288791094655554785194"
        .. "04026306574886715058206819089020007083836762738548458177115317644"
        .. "75730270069855571366959622842914819860834936475292719074168444365"
        .. "51070434271155969950809304288017790417449779200000000000",
    } do
      assert_fault(text, "number beyond the range of a double")
    end
  end)

  it("is rounded once, to even at a midpoint", function()
    local half = "1.00000000000000011102230246251565404236316680908203125"
    for text, value in pairs {
      ["9007199254740993.0"] = 9007199254740992.0,
      ["9007199254740993.00000000000000000000000001"] = 9007199254740994.0,
      ["9007199254740992.99999999999999999999999999"] = 9007199254740992.0,
      ["9007199254740995.0"] = 9007199254740996.0,
      [half] = 1.0,
      [half .. ("0"):rep(1000)] = 1.0,
      [half .. ("0"):rep(1000) .. "1"] = 0x1.0000000000001p0,
      [half:gsub("5$", "49") .. ("9"):rep(1000)] = 1.0,
      ["1.7976931348623158079e308"] = 0x1.fffffffffffffp1023,
      ["2.2250738585072011e-308"] = 0x0.fffffffffffffp-1022,
      ["2.2250738585072014e-308"] = 0x1p-1022,
      ["4.9406564584124654e-324"] = 0x1p-1074,
      ["0." .. ("0"):rep(400) .. "1e401"] = 1.0,
      ["1" .. ("0"):rep(400) .. "e-400"] = 1.0,
      [("9"):rep(800) .. "e-800"] = 1.0,
      ["0.1"] = 0.1, ["0.30000000000000004"] = 0.1 + 0.2,
      ["8.5e22"] = 8.5e22, ["1e22"] = 1e22, ["1e23"] = 1e23,
      ["123456789012345678e-22"] = 1.2345678901234568e-5,
      -- A midpoint in the first 128 bits; the rest decides.
      ["92331960162629085e-26"] = 0x1.fb99ae82b8465p-31,
      ["22345382451410928e-26"] = 0x1.eb6151f234ee3p-33,
      ["17248108875763052e-26"] = 0x1.7b4a388bbbcc3p-33,
    } do
      local number = decode(text)
      assert.is_true(same_number(value, number),
        ("%s is %.17g"):format(text:sub(1, 60), number))
    end
  end)

  it("is exact at the smallest midpoint, with all its 752 digits", function()
    -- Half of the least double is 5^1075 / 10^1075.
    local digits = { 1 } -- least first
    for _ = 1, 1075 do
      local carry = 0
      for i = 1, #digits do
        local product = digits[i] * 5 + carry
        digits[i], carry = product % 10, product // 10
      end
      if carry > 0 then digits[#digits + 1] = carry end
    end
    local half = table.concat(digits):reverse()
    assert.equal(752, #half)
    assert.is_true(same_number(0.0, decode(half .. "e-1075")))
    assert.is_true(same_number(0.0, decode(half .. ".000e-1075")))
    assert.is_true(same_number(0x1p-1074, decode(half .. ".001e-1075")))
    assert.is_true(same_number(0x1p-1074,
      decode(half .. "." .. ("0"):rep(5000) .. "1e-1075")))
    assert.is_true(same_number(0x1p-1074,
      decode("0." .. ("0"):rep(1075 - 752) .. half .. "1")))
  end)

  it("is what Lua reads, to the last bit", function()
    seeded.each(5000, function(random)
      local float = string.unpack("d", string.pack("j", random:bits()))
      if float ~= float or float == math.huge or float == -math.huge then return end
      local format = random:pick { "%.17g", "%.16g", "%.15g", "%.6g", "%.1f",
        "%.25e", "%.0f" }
      local text = format:format(float)
      if text == "-0" then text = "-0.0" end
      local expected = tonumber(text)
      if expected == math.huge or expected == -math.huge then return end
      assert.is_true(same_number(expected, decode(text)), text)
      if format == "%.17g" then assert.equal(float, decode(text)) end
    end)
  end)

  it("is what Lua reads when it has few digits", function()
    seeded.each(5000, function(random)
      local text = ("%d.%de%d"):format(
        random:integer(-999999, 999999) >> random:integer(0, 3),
        random:integer(0, math.tointeger(10 ^ random:integer(0, 14))),
        random:integer(-30, 30))
      assert.is_true(same_number(tonumber(text), decode(text)), text)
    end)
  end)
end)

describe("a seed", function()
  for _, name in ipairs(SEEDS) do
    local text = read_seed(name)

    it(name .. " is what lua-cjson makes of it", function()
      -- lua-cjson refuses what JSON allows: lone surrogates.
      local plain = text:gsub('"\\ud800"', '""')
        :gsub('"\\udc00\\ud800"', '""')
      assert.is_true(same(cjson.decode(plain), decode(plain), true))
    end)

    it(name .. " survives encoding", function()
      local value = decode(text)
      local again = assert(json.encode(value))
      assert.is_true(same(value, decode(again)))
      local third = assert(json.encode(decode(again)))
      assert.equal(#again, #third)
    end)

    it(name .. " is a fault wherever it is cut", function()
      local whole = text:gsub("%s+$", "")
      for n = 0, #whole - 1 do assert_fault(whole:sub(1, n)) end
    end)

    it(name .. " never crashes with bytes changed", function()
      seeded.each(300, function(random)
        local at = random:integer(1, #text)
        local changed = text:sub(1, at - 1) .. random:bytes(1)
          .. text:sub(at + random:integer(0, 2))
        local value, message = probe.decode(changed)
        assert.is_true(value ~= nil or type(message) == "string")
      end)
    end)
  end

  it("that was cut in the field is a fault", function()
    assert_fault(read_seed "broken", "expected a value but found end of text")
  end)
end)

describe("decode and encode", function()
  it("lose nothing", function()
    for _, text in ipairs {
      "[]", "{}", "null", "true", "[[],{}]", '{"a":[]}', '{"a":{}}',
      '[{"a":[{"b":{}}]}]', "9223372036854775807", "-9223372036854775808",
      '"\\u0000"', "[null,false]", '"é€😀"',
    } do
      assert.equal(text, json.encode(decode(text)))
    end
  end)

  it("keep 128 levels", function()
    local text = ("["):rep(128) .. ("]"):rep(128)
    assert.equal(text, json.encode(decode(text)))
  end)

  it("keep an array that is emptied an array", function()
    local record = decode '{"list":[1]}'
    record.list[1] = nil
    assert.equal('{"list":[]}', json.encode(record))
  end)

  it("give nil and the path of what cannot be encoded", function()
    local text, message = json.encode { a = { b = { 1, 2, print } } }
    assert.is_nil(text)
    assert.equal("a.b[3]: ", message:sub(1, 8))
    text, message = json.encode(print)
    assert.is_nil(text)
    assert.is_nil(message:find "^: ")
    assert.has_error(function() json.encode() end)
  end)
end)

--- A random text, and the value that it stands for. The value holds nothing
-- that lua-cjson could not.
local function random_document(random, depth)
  local function space()
    return random:chance(0.1) and random:pick { " ", "\n", "\t", "\r\n  " }
      or ""
  end

  local function text_of_string()
    local written, meant = {}, {}
    for i = 1, random:integer(0, random:pick { 3, 12, 70 }) do
      local pair = random:pick {
        { "\\n", "\n" }, { '\\"', '"' }, { "\\\\", "\\" }, { "\\/", "/" },
        { "\\u0000", "\0" }, { "\\u00e9", "é" }, { "é", "é" },
        { "€", "€" }, { "😀", "😀" }, { "\\ud83d\\ude00", "😀" },
      }
      if random:chance(0.9) then
        local c = string.char(random:integer(0x5D, 0x7E))
        pair = { c, c }
      end
      written[i], meant[i] = pair[1], pair[2]
    end
    return '"' .. table.concat(written) .. '"', table.concat(meant)
  end

  local function text_of_number()
    local number = random:integer(-1 << 53, 1 << 53)
      // (1 << random:integer(0, 53))
    if random:chance(0.5) then number = number / 1024 end
    if math.type(number) == "float" or random:chance(0.5) then
      return ("%.17g"):format(number), number
    end
    return ("%d"):format(number), number
  end

  local value_text

  local function text_of_table(is_array, level)
    local parts, value = {}, {}
    for i = 1, random:integer(0, random:pick { 2, 5, 40 } // level) do
      local text, element = value_text(level + 1)
      if is_array then
        parts[i], value[i] = space() .. text .. space(), element
      else
        local key, name = text_of_string()
        parts[i] = space() .. key .. space() .. ":" .. space() .. text
          .. space()
        value[name] = element
      end
    end
    local body = table.concat(parts, ",")
    if is_array then return "[" .. body .. "]", celigo.array(value) end
    return "{" .. body .. "}", value
  end

  function value_text(level)
    local kind = random:integer(1, level > depth and 5 or 9)
    if kind == 1 then return "null", null end
    if kind == 2 then return "true", true end
    if kind == 3 then return "false", false end
    if kind == 4 then return text_of_number() end
    if kind == 5 then return text_of_string() end
    return text_of_table(kind < 8, level)
  end

  return text_of_table(random:chance(0.5), 1)
end

describe("a random document", function()
  it("is decoded as it was meant, and as lua-cjson does", function()
    seeded.each(1500, function(random)
      local text, meant = random_document(random, random:integer(1, 6))
      local value = decode(text)
      assert.is_true(same(meant, value, true), text)
      assert.is_true(same(cjson.decode(text), value, true), text)
      assert.is_true(same(value, decode(assert(json.encode(value)))), text)
    end)
  end)

  it("is a fault wherever it is cut", function()
    seeded.each(60, function(random)
      local text = random_document(random, 3)
      for _ = 1, 200 do
        assert_fault(text:sub(1, random:integer(0, #text - 1)))
      end
    end)
  end)
end)

describe("memory", function()
  it("does not grow over many decodes", function()
    local text = read_seed "connector"
    local broken = text:sub(1, -20)
    local function settle()
      for _ = 1, 2000 do
        json.decode(text)
        json.decode(broken)
      end
      for _ = 1, 3 do collectgarbage() end
      return collectgarbage "count"
    end
    local before = settle()
    assert.is_true(settle() - before < 1)
  end)

  it("is not held by the keys of other documents", function()
    local function fill(from)
      local parts = {}
      for i = from, from + 50000 do
        parts[#parts + 1] = ('"k%d":%d'):format(i, i)
      end
      json.decode("{" .. table.concat(parts, ",") .. "}")
    end
    fill(1)
    for _ = 1, 3 do collectgarbage() end
    local before = collectgarbage "count"
    fill(100001)
    for _ = 1, 3 do collectgarbage() end
    assert.is_true(collectgarbage "count" - before < 16)
  end)

  it("that runs out is Lua's memory error, and leaks nothing", function()
    local texts = {
      read_seed "connector", read_seed "licenses", read_seed "object_page",
      '["' .. ("x\\n"):rep(3000) .. '"]', ("["):rep(100) .. ("]"):rep(100),
      '[1,2,"' .. ("x\\n"):rep(600),
    }
    for _, text in ipairs(texts) do
      local seen = {}
      for extra = 0, 60000, 97 do
        local result, message = probe.limited(text, extra)
        seen[result] = true
        assert.not_equal("error", result, message)
      end
      assert.is_true(seen.memory)
      assert.is_true(seen.ok or seen.fault)
    end
  end)

  it("is sound when a finalizer decodes meanwhile", function()
    local depth = 0
    local function make()
      setmetatable({}, { __gc = function()
        if depth < 1000 then
          depth = depth + 1
          json.decode(('{"g%d":1,"h%d":{"a":[]}}'):format(depth, depth % 7))
          make()
        end
      end })
    end
    for _ = 1, 20 do make() end
    local text = read_seed "connector"
    local expected = decode(text)
    for _ = 1, 500 do
      assert.is_true(same(expected, json.decode(text)))
    end
    collectgarbage()
    assert.is_true(depth > 0)
    depth = math.huge
  end)
end)

describe("celigo.array and celigo.object", function()
  it("mark a table and return it", function()
    local t = { 1 }
    assert.equal(t, celigo.array(t))
    assert.equal(ARRAY, getmetatable(t))
    assert.equal("celigo.array", ARRAY.__name)
    assert.equal("celigo.object", OBJECT.__name)
    assert.truthy(tostring(t):find "^celigo.array: ")
    local o = {}
    assert.equal(o, celigo.object(o))
    assert.equal(OBJECT, getmetatable(o))
    assert.equal(ARRAY, getmetatable(celigo.array(o)))
    assert.equal(OBJECT, getmetatable(celigo.object(o, "more")))
  end)

  it("want a table", function()
    for _, mark in ipairs { celigo.array, celigo.object } do
      for _, wrong in ipairs { 1, "x", true, print, null } do
        local ok, message = pcall(mark, wrong)
        assert.is_false(ok)
        assert.truthy(message:find("table expected", 1, true), message)
      end
      assert.is_false(pcall(mark))
      assert.is_false(pcall(mark, nil))
    end
  end)

  it("never take another metatable away", function()
    for _, mark in ipairs { celigo.array, celigo.object } do
      local mine = {}
      local t = setmetatable({}, mine)
      local ok, message = pcall(mark, t)
      assert.is_false(ok)
      assert.truthy(message:find("metatable of its own", 1, true), message)
      assert.equal(mine, getmetatable(t))
    end
  end)

  it("know lua-cjson's marks where it has them", function()
    local saved = cjson.array_mt
    finally(function() cjson.array_mt = saved end)
    cjson.array_mt = saved or { __name = "array" }
    local t = setmetatable({}, cjson.array_mt)
    assert.equal(t, celigo.array(t))
    assert.equal(ARRAY, getmetatable(t))
    t = setmetatable({}, cjson.array_mt)
    assert.equal(OBJECT, getmetatable(celigo.object(t)))
  end)
end)
