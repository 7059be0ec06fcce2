-- Lua values to JSON text. lua-cjson, another hand's work, judges the text
-- where it is able to; where it is not (64-bit integers, the last bits of a
-- float, empty arrays) our own decoder and Lua's tonumber do.

local celigo = require "celigo"
local cjson = require "cjson"
local probe = require "schema_probe"
local seeded = require "spec.support.seeded"

local STEP = seeded.slow and 7 or 1

local encode, decode = celigo.json.encode, celigo.json.decode
local null = celigo.null

--- The faults of a value, as "path|message" each.
local function faults_of(value)
  local text, faults = probe.encode(value)
  assert.is_nil(text)
  local list = {}
  for i, fault in ipairs(faults) do
    assert.equal("invalid_field", fault.code)
    list[i] = fault.field .. "|" .. fault.message
  end
  return list
end

--- A copy with the same keys, values and metatables all the way down.
local function clone(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for k, v in next, value do rawset(copy, k, clone(v)) end
  return setmetatable(copy, getmetatable(value))
end

describe("encode", function()
  local cases = {
    -- scalars
    { true, "true" }, { false, "false" }, { null, "null" }, { "", '""' },
    { 0, "0" }, { -1, "-1" }, { 9, "9" }, { 10, "10" }, { 99, "99" },
    { 100, "100" }, { 1234567, "1234567" },
    { math.maxinteger, "9223372036854775807" },
    { math.mininteger, "-9223372036854775808" },
    -- floats stay floats
    { 0.0, "0.0" }, { -0.0, "-0.0" }, { 1.0, "1.0" }, { -1.5, "-1.5" },
    { 0.1, "0.1" }, { 0.3, "0.3" }, { 12.05, "12.05" },
    { 1e15, "1000000000000000.0" },
    { 2.0 ^ 53, "9007199254740992.0" }, { 1e22, "1e+22" }, { 1e100, "1e+100" },
    { 1e-7, "1e-07" }, { 0.00001, "0.00001" },
    { 1 / 3, "0.3333333333333333" },
    { 123456.789, "123456.789" }, { 0.1 + 0.2, "0.30000000000000004" },
    -- strings
    { "a/b", '"a/b"' }, { '"', '"\\""' }, { "\\", '"\\\\"' },
    { "\b\f\n\r\t", '"\\b\\f\\n\\r\\t"' }, { "\0", '"\\u0000"' },
    { "\1\31", '"\\u0001\\u001f"' }, { "\127", '"\127"' },
    { "é", '"é"' }, { "日本語", '"日本語"' },
    { "\u{10FFFF}", '"\u{10FFFF}"' },
    { ("x"):rep(100) .. '"', '"' .. ("x"):rep(100) .. [[\""]] },
    -- tables
    { {}, "{}" }, { { 1, 2, 3 }, "[1,2,3]" }, { { { {} } }, "[[{}]]" },
    { { a = 1 }, '{"a":1}' }, { { [""] = 1 }, '{"":1}' },
    { { ['k"'] = { 1, null } }, '{"k\\"":[1,null]}' },
    { { null, null }, "[null,null]" }, { { ["1"] = 1 }, '{"1":1}' },
    { celigo.array {}, "[]" }, { celigo.object {}, "{}" },
    { { a = celigo.array {} }, '{"a":[]}' },
    { celigo.array { 1, 2 }, "[1,2]" },
    { celigo.object { a = 1 }, '{"a":1}' },
    { { [1.0] = "x" }, '["x"]' }, -- Lua makes 1 of the key
  }
  for _, case in ipairs(cases) do
    it("writes " .. case[2]:sub(1, 40), function()
      assert.equal(case[2], encode(case[1]))
    end)
  end

  it("takes a sequence in whatever order it was built", function()
    for n = 1, 40 do
      local t, expected = {}, {}
      for i = n, 1, -1 do t[i] = i end
      for i = 1, n do expected[i] = i end
      assert.equal("[" .. table.concat(expected, ",") .. "]", encode(t))
    end
    local grown = {}
    for i = 1, 100 do grown[i] = i; grown["k" .. i] = i end
    for i = 1, 100 do grown["k" .. i] = nil end
    assert.equal(100, #cjson.decode(encode(grown)))
    local shrunk = { 1, 2, 3, 4, 5, 6, 7, 8 }
    for i = 8, 3, -1 do shrunk[i] = nil end
    assert.equal("[1,2]", encode(shrunk))
  end)

  it("calls no metamethod", function()
    local function never() error "called" end
    local mt = {
      __index = never, __newindex = never, __pairs = never, __len = never,
      __eq = never, __tostring = never, __name = "odd", __call = never,
    }
    assert.equal('{"a":1}', encode(setmetatable({ a = 1 }, mt)))
    assert.equal("[1]", encode(setmetatable({ 1 }, mt)))
  end)

  it("refuses an empty table that is a proxy", function()
    for _, name in ipairs { "__pairs", "__index" } do
      local proxy = setmetatable({}, { [name] = function() error "called" end })
      local text, message = celigo.json.encode { a = { proxy } }
      assert.is_nil(text)
      assert.truthy(message:find("^a%[1%]: the table is empty, but its metatable has"), message)
      assert.equal("{}", encode(setmetatable({}, { __name = "odd" })))
    end
  end)

  it("encodes texts far longer than any buffer it starts with", function()
    for _, n in ipairs { 4093, 4094, 4095, 4096, 4097, 8192, 1000000 } do
      assert.equal('"' .. ("x"):rep(n) .. '"', encode(("x"):rep(n)))
      assert.equal('"' .. ("\\n"):rep(n) .. '"', encode(("\n"):rep(n)))
      assert.equal('"' .. ("é"):rep(n) .. '"', encode(("é"):rep(n)))
    end
    local list = {}
    for i = 1, 100000 do list[i] = i end
    assert.equal("[" .. table.concat(list, ",") .. "]", encode(list))
  end)

  it("finds what must be escaped at every offset", function()
    for _, special in ipairs { '"', "\\", "\n", "\0", "é", "\u{10000}" } do
      for n = 0, 40 do
        local text = ("x"):rep(n) .. special .. ("y"):rep(40 - n)
        assert.equal(text, decode(encode(text)))
      end
    end
  end)

  it("needs a value", function()
    assert.error(function() encode() end)
    local text, message = encode(nil)
    assert.is_nil(text)
    assert.equal("expected a value that JSON can hold, got a nil", message)
  end)

  it("gives the path and the reason as the message", function()
    local text, message = encode { a = { b = { 1, 2, print } } }
    assert.is_nil(text)
    assert.equal("a.b[3]: expected a value that JSON can hold, "
      .. "got a function", message)
  end)
end)

describe("floats", function()
  local function check(x)
    local text = encode(x)
    local back = tonumber(text)
    assert.equal("float", math.type(back), text)
    assert.equal(string.pack(">d", x), string.pack(">d", back), text)
    assert.is_nil(text:find "[^-+0-9.e]")
    assert.truthy(text:find "[.e]")
    local ours = decode(text)
    assert.equal(string.pack(">d", x), string.pack(">d", ours), text)
  end

  it("survive to the last bit, at the edges", function()
    for _, x in ipairs {
      5e-324, 2.2250738585072009e-308, 2.2250738585072014e-308,
      1.7976931348623157e308, 9007199254740991.0, 9007199254740992.0,
      9007199254740993.0, 4503599627370495.5, 4503599627370496.5,
      2 ^ 63, 2 ^ 64, 1e21, 1e22, 1e23, 5e-5, 1e-5, 9.999999999999999e-6,
      0.1, 0.2, 0.7, 4.35, 4.349999999999999, 0.5, 1 - 2 ^ -53, 1 + 2 ^ -52,
      9.5, 9.999999999999998, 99.99999999999999, 123456789012345.67,
    } do check(x) check(-x) end
    for e = -1074, 1023, STEP do
      local x = 2.0 ^ e
      check(x)
      if e > -1022 then
        check(x * (1 + 2 ^ -52))
        check(x * (1 - 2 ^ -53))
      end
    end
    for e = -320, 308 do check(tonumber("1e" .. e)) end
  end)

  it("survive to the last bit, at random", function()
    seeded.each(20000, function(random)
      local x = string.unpack("d", string.pack("j", random:bits()))
      if x == x and x ~= math.huge and x ~= -math.huge then check(x) end
      check(random:float())
      check(random:integer(-10 ^ 9, 10 ^ 9) / 10.0 ^ random:integer(0, 12))
    end)
  end)

  it("have the fewest digits", function()
    local function digits(text)
      return (text:gsub("e.*", ""):gsub("%D", ""):gsub("^0+", "")
        :gsub("0+$", ""))
    end
    seeded.each(5000, function(random)
      local x = random:float() * 10.0 ^ random:integer(-3, 12)
      for precision = 15, 17 do
        local text = ("%%.%dg"):format(precision):format(x)
        if tonumber(text) == x then
          local ours = encode(x)
          assert.equal(#digits(text), #digits(ours))
          assert.equal(x, decode(ours))
          return
        end
      end
    end)
  end)

  it("have a point in every locale", function()
    local before = os.setlocale(nil, "numeric")
    finally(function() os.setlocale(before, "numeric") end)
    -- spec/embed_spec.lua makes a locale with a decimal comma of its own
    for _, name in ipairs { "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8" } do
      if os.setlocale(name, "numeric") then break end
    end
    for _, x in ipairs { 1.5, 1e100, 1.5e300, 1e-300, 2.5e-10, 1e22 } do
      local text = encode { x }
      assert.is_nil(text:find(",", 1, true), text)
      assert.same({ x }, decode(text))
    end
  end)
end)

describe("a random value", function()
  local function random_string(random)
    local parts = {}
    for i = 1, random:integer(0, 12) do
      parts[i] = random:chance(0.8) and string.char(random:integer(0, 127))
        or utf8.char(random:pick { 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000,
          0xFFFF, 0x10000, 0x10FFFF })
    end
    return table.concat(parts)
  end

  local function random_value(random, depth)
    local kind = random:integer(1, depth > 4 and 5 or 8)
    if kind == 1 then return random:bits() end
    if kind == 2 then return random:chance(0.5) end
    if kind == 3 then return null end
    if kind == 4 then return random_string(random) end
    if kind == 5 then return random:float() * 2.0 ^ random:integer(-60, 60) end
    local t = {}
    if kind == 6 then
      for _ = 1, random:integer(0, 5) do
        t[random_string(random)] = random_value(random, depth + 1)
      end
      return celigo.object(t)
    end
    for i = 1, random:integer(0, 5) do
      t[i] = random_value(random, depth + 1)
    end
    return celigo.array(t)
  end

  --- lua-cjson's numbers are doubles and its tables bear no marks.
  local function as_cjson(value)
    if math.type(value) == "integer" then return value + 0.0 end
    if type(value) ~= "table" then return value end
    local copy = {}
    for k, v in pairs(value) do copy[k] = as_cjson(v) end
    return copy
  end

  it("is what both decoders read", function()
    seeded.each(3000, function(random)
      local value = random_value(random, 0)
      local before = clone(value)
      local text = assert(encode(value))
      assert.same(before, value)
      assert.same(as_cjson(value), as_cjson((cjson.decode("[" .. text
        .. "]"))[1]))
      local back, message = decode(text)
      assert.is_nil(message)
      assert.same(value, back)
      assert.equal(#text, #encode(back))
    end)
  end)
end)

describe("the conventions of lua-cjson", function()
  local loaded = package.loaded.cjson
  after_each(function() package.loaded.cjson = loaded end)

  it("share null", function()
    assert.equal("[null]", encode { cjson.null })
  end)

  it("are understood where the loaded module has them", function()
    -- Newer releases of lua-cjson have these; where the installed one does
    -- not, a module with the same names stands in its place.
    local module = cjson.array_mt and cjson or {
      null = cjson.null, array_mt = {}, empty_array_mt = {},
      empty_array = debug.upvalueid(string.gmatch("", ""), 1), -- any light
    }                                                          -- userdata
    package.loaded.cjson = module
    assert.equal('{"a":[]}', encode { a = module.empty_array })
    assert.equal("[]", encode(setmetatable({}, module.array_mt)))
    assert.equal("[1]", encode(setmetatable({ 1 }, module.array_mt)))
    assert.equal("[]", encode(setmetatable({}, module.empty_array_mt)))
    assert.equal("[1]", encode(setmetatable({ 1 }, module.empty_array_mt)))
    assert.equal('{"a":1}',
      encode(setmetatable({ a = 1 }, module.empty_array_mt)))
    assert.equal("{}", encode(setmetatable({}, {})))
  end)

  it("leave other light userdata unknown", function()
    local other = debug.upvalueid(string.gmatch("", ""), 1)
    assert.same({ "a|a: expected a value that JSON can hold, got a userdata" },
      faults_of { a = other })
  end)

  it("do without a module that is no table", function()
    package.loaded.cjson = true
    assert.equal("{}", encode(setmetatable({}, {})))
  end)
end)

describe("what JSON cannot hold", function()
  local cyclic = {}
  cyclic.list = { 1, { again = cyclic } }
  local cases = {
    { print, "|expected a value that JSON can hold, got a function" },
    { { f = print },
      "f|f: expected a value that JSON can hold, got a function" },
    { { coroutine.create(print) },
      "[1]|[1]: expected a value that JSON can hold, got a thread" },
    { { io.stdout },
      "[1]|[1]: expected a value that JSON can hold, got a userdata" },
    { { a = 0 / 0 }, "a|a: expected a finite number, got NaN" },
    { math.huge, "|expected a finite number, got infinity" },
    { { -math.huge }, "[1]|[1]: expected a finite number, got infinity" },
    { cyclic, "list[2].again|list[2].again: the table contains itself" },
    { { 1, 2, nil, 4 }, "|array has a hole at 3" },
    { { [2] = 1 }, "|array has a hole at 1" },
    { { [1] = 1, [1 << 40] = 1 }, "|array has a hole at 2" },
    { { [0] = 0, 1 }, "|array has an item before position 1" },
    { { [-1] = 0 }, "|array has an item before position 1" },
    { { 1, x = 2 }, "|table mixes array items and named members" },
    { { a = { x = 1, [5] = 2 } },
      "a|a: table mixes array items and named members" },
    { { [true] = 1 }, "|table has a boolean among its keys" },
    { { [1.5] = 1 }, "|table has a float among its keys" },
    { { 1, 2, [{}] = 3 }, "|table has a table among its keys" },
    { { a = 1, [print] = 3 }, "|table has a function among its keys" },
    { celigo.array { a = 1 },
      "|table is marked as an array but has named members" },
    { celigo.array { 1, 2, n = 2 },
      "|table is marked as an array but has named members" },
    { celigo.array { [3] = 1 }, "|array has a hole at 1" },
    { celigo.object { 1 },
      "|table is marked as an object but has array items" },
    { celigo.object { a = 1, [1] = 2 },
      "|table is marked as an object but has array items" },
    { "\xff", "|not valid UTF-8 at byte 1" },
    { "abc\xc0\x80", "|not valid UTF-8 at byte 4" },
    { ("é"):rep(30) .. "\xed\xa0\x80", "|not valid UTF-8 at byte 61" },
    { "\xe2\x82", "|not valid UTF-8 at byte 1" },
    { "\xf4\x90\x80\x80", "|not valid UTF-8 at byte 1" },
    { "\xf0\x8f\xbf\xbf", "|not valid UTF-8 at byte 1" },
    { "\xe0\x9f\xbf", "|not valid UTF-8 at byte 1" },
    { "\xf8\x88\x80\x80\x80", "|not valid UTF-8 at byte 1" },
    { "\n\x80", "|not valid UTF-8 at byte 2" },
    { { ["k\xff"] = 1 },
      '["k\\xff"]|["k\\xff"]: name is not valid UTF-8 at byte 2' },
    { { ["a b"] = { print } },
      '["a b"][1]|["a b"][1]: expected a value that JSON can hold, '
        .. "got a function" },
  }
  for _, case in ipairs(cases) do
    it("is refused: " .. case[2]:gsub("%c", "?"), function()
      assert.same({ case[2] }, faults_of(case[1]))
    end)
  end

  it("is all found, in the order of the paths", function()
    local list = {}
    for i = 1, 12 do list[i] = i % 5 == 0 and print or i end
    assert.same({
      "a|a: expected a finite number, got NaN",
      "list[5]|list[5]: expected a value that JSON can hold, got a function",
      "list[10]|list[10]: expected a value that JSON can hold, got a function",
      "z.y|z.y: array has a hole at 1",
    }, faults_of { z = { y = { [2] = 1 } }, list = list, a = 0 / 0 })
  end)

  it("is told of whole, however many faults there are", function()
    local list = {}
    for i = 1, 3000 do list[i] = print end
    local found = faults_of(list)
    assert.equal(3000, #found)
    for i = 1, 3000 do
      assert.truthy(found[i]:find(("[%d]"):format(i), 1, true), found[i])
    end
  end)

  it("is never taken for a cycle when it is only shared", function()
    local shared = { 1 }
    assert.equal("[[1],[1],{\"a\":[1]}]",
      encode { shared, shared, { a = shared } })
  end)

  it("includes what is nested deeper than 128 levels", function()
    local arrays, objects = {}, {}
    for _ = 2, 128 do arrays, objects = { arrays }, { a = objects } end
    assert.equal(("["):rep(127) .. "{}" .. ("]"):rep(127), encode(arrays))
    assert.equal(('{"a":'):rep(127) .. "{}" .. ("}"):rep(127),
      encode(objects))
    local path = ("[1]"):rep(128)
    assert.same({ path .. "|" .. path .. ": nested deeper than 128 levels" },
      faults_of { arrays })
    local text, message = encode { a = objects }
    assert.is_nil(text)
    assert.truthy(message:find("nested deeper than 128 levels", 1, true))
  end)
end)

describe("without memory", function()
  local long = {}
  for i = 1, 400 do long[i] = '"item number ' .. i .. '"' end
  local good = '{"name":"n","applications":[' .. table.concat(long, ",")
    .. "]}"
  local bad = '{"contactEmail":"nobody","trialEnabled":5,"applications":['
    .. ("12,"):rep(150) .. "1]}"
  for what, text in pairs { ["a body"] = good, ["a body of faults"] = bad } do
    it("encoding " .. what .. " raises Lua's memory error or succeeds",
      function()
        local failures = 0
        for n = 0, 5000, text == bad and STEP or 1 do
          local result, met = probe.starved(text, n, true)
          if not met then
            assert.equal("ok", result)
            break
          end
          -- Lua does without some of what it asks for.
          if result ~= "ok" then assert.equal("memory", result) end
          assert.equal("ok", (probe.starved(text, n, false)))
          if result == "memory" then failures = failures + 1 end
        end
        assert.is_true(failures > 3)
        assert.is_true(failures < 5000)
      end)
  end
end)
