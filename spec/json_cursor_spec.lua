-- The walk over a page's records, which lists and iterators are made of.

local celigo = require "celigo"
local probe = require "json_probe"
local seeded = require "spec.support.seeded"

--- All records of a page, one at a time; then the fault, if any.
local function walk(text)
  local records = {}
  local cursor, message = probe.open(text)
  if not cursor then return records, message end
  while true do
    local more, record = cursor:next()
    if more == nil then return records, record end
    if not more then
      assert.equal(#records, cursor:state().index)
      return records
    end
    records[#records + 1] = record
  end
end

describe("the cursor", function()
  it("walks an array", function()
    for text, count in pairs {
      ["[]"] = 0, [" [ ] \n"] = 0, ["[1]"] = 1, [" [ 1 , 2 ] "] = 2,
      ['[{"a":1},{"a":2},{}]'] = 3, ["[[],[]]"] = 2,
    } do
      local records, fault = walk(text)
      assert.is_nil(fault)
      assert.equal(count, #records)
      assert.same(celigo.json.decode(text), records)
    end
  end)

  it("marks records as decode does", function()
    local records = walk '[[],{},{"a":[]},{"a":{}}]'
    local ARRAY = getmetatable(celigo.array {})
    local OBJECT = getmetatable(celigo.object {})
    assert.equal(ARRAY, getmetatable(records[1]))
    assert.equal(OBJECT, getmetatable(records[2]))
    assert.is_nil(getmetatable(records[3]))
    assert.equal(ARRAY, getmetatable(records[3].a))
    assert.equal(OBJECT, getmetatable(records[4].a))
  end)

  it("walks the one array of an object", function()
    for text, expected in pairs {
      ['{"a":[]}'] = {},
      ['{"a":[1,2]}'] = { 1, 2 },
      [' { "x" : 1 , "a" : [ 1 , 2 ] , "y" : { "b" : [ 3 ] } } '] = { 1, 2 },
      ['{"y":{"b":[3]},"a":[{"c":[4]}]}'] = { { c = { 4 } } },
    } do
      local records, fault = walk(text)
      assert.is_nil(fault)
      assert.same(expected, records)
    end
  end)

  it("finds the next page's URL in an object", function()
    for text, url in pairs {
      ['{"a":[],"nextPageURL":"/v1?x=1"}'] = "/v1?x=1",
      ['{"nextPageURL":"\\/v1?x=1\\u0026y","a":[]}'] = "/v1?x=1&y",
      ['{"next\\u0050ageURL":"/v1","a":[]}'] = "/v1",
      ['{"nextPageURL":"/v1","a":[],"nextPageURL":"/v2"}'] = "/v2",
      ['{"nextPageURL":"/v1","a":[],"nextPageURL":null}'] = false,
      ['{"nextPageURL":"","a":[]}'] = false,
      ['{"nextPageURL":null,"a":[]}'] = false,
      ['{"nextPageURLs":"/v1","a":[]}'] = false,
      ['{"a":[{"nextPageURL":"/v1"}]}'] = false,
      ['[{"nextPageURL":"/v1"}]'] = false,
    } do
      local cursor = assert(probe.open(text))
      assert.equal(url or nil, cursor:state().next)
    end
  end)

  it("says what is no page", function()
    for text, expected in pairs {
      [""] = "expected an array of records or an object with one but found "
        .. "end of text at byte 1",
      ["3"] = "expected an array of records or an object with one but found "
        .. "'3' at byte 1",
      ["null"] = "expected an array of records or an object with one but",
      ["{}"] = "expected an array of records in the object but found none "
        .. "at byte 1",
      ['{"a":1,"b":{"c":[]}}'] = "expected an array of records in the object "
        .. "but found none at byte 1",
      ['{"a":[],"b":[]}'] = "expected one array of records but found two at "
        .. "byte 13",
      ['{"a":[]} x'] = "expected end of text but found 'x' at byte 10",
      ['{"a":[1,]}'] = "expected a value but found ']' at byte 9",
      ['{"a":[],}'] = "expected a key but found '}' at byte 9",
      ['{"a":[],"b":tru}'] = "expected a value but found 'tru' at byte 13",
      ['{"a":["\\x"]}'] = "expected one of",
      ['{"a":[1}'] = "expected ',' or ']' but found '}'",
      ["\xEF\xBB\xBF[]"] = "expected JSON without a byte order mark",
    } do
      local cursor, message = probe.open(text)
      assert.is_nil(cursor, text)
      assert.equal(expected, message:sub(1, #expected))
    end
  end)

  it("gives the records before a fault, and then the fault again", function()
    for text, count in pairs {
      ['[{"a":1},{"a":2},{"a":}]'] = 2, ["[1,2"] = 2, ["[1,2,]"] = 2,
      ["[1,2] x"] = 2, ["[1 2]"] = 1, ["["] = 0, ["[,"] = 0, ["[1,2}"] = 2,
    } do
      local cursor = assert(probe.open(text))
      for i = 1, count do
        local more, record = cursor:next()
        assert.is_true(more)
        assert.is_true(record == i or record.a == i)
      end
      local more, message, offset = cursor:next()
      assert.is_nil(more)
      assert.is_string(message)
      assert.is_false(cursor:state().open)
      assert.equal(count, cursor:state().index)
      assert.same({ nil, message, offset }, { cursor:next() })
      -- The same fault as for the whole text.
      assert.same({ nil, message, offset }, { probe.decode(text) })
    end
  end)

  it("stays at the end", function()
    local cursor = assert(probe.open "[1]")
    assert.is_true(cursor:next())
    assert.is_true(cursor:state().open)
    assert.is_false(cursor:next())
    assert.is_false(cursor:state().open)
    assert.is_false(cursor:next())
    assert.equal(7, cursor:append({}, 7))
  end)

  it("appends the remaining records to a table", function()
    local cursor = assert(probe.open '[10,20,{"a":30}]')
    cursor:next()
    local into = { "x" }
    assert.equal(3, cursor:append(into, 1))
    assert.same({ "x", 20, { a = 30 } }, into)

    into = {}
    local ok, message, _, n = assert(probe.open "[1,2,x]"):append(into, 0)
    assert.is_nil(ok)
    assert.truthy(message:find("found 'x' at byte 6", 1, true))
    assert.equal(2, n)
    assert.same({ 1, 2 }, into)
  end)

  it("counts levels from the top of the page", function()
    local function nested(levels)
      return ("["):rep(levels) .. ("]"):rep(levels)
    end
    assert.equal(1, #walk(nested(128)))
    local records, fault = walk("[1," .. nested(128) .. "]")
    assert.equal(1, #records)
    assert.truthy(fault:find("more than 128 levels", 1, true))
    assert.equal(1, #walk('{"a":' .. nested(127) .. "}"))
    assert.truthy(select(2, walk('{"a":' .. nested(128) .. "}"))
      :find("more than 128 levels", 1, true))
  end)

  it("agrees with decode on texts that were damaged", function()
    local page = '[{"_id":"a1","tags":["x","y"],"n":-1.5e3,"ok":true},'
      .. '{"_id":"a2","tags":[],"n":null,"t":"\\u00e9\\n"},'
      .. '{"_id":"a3","nested":{"a":{"b":[{}]}}}]'
    seeded.each(3000, function(random)
      local at = random:integer(2, #page)
      local text = page:sub(1, at - 1)
        .. random:pick { "", ",", "]", "}", '"', "[", "{", "1", "\\", ":" }
        .. page:sub(at + random:integer(0, 3))
      local value, message = probe.decode(text)
      local records, fault = walk(text)
      assert.equal(message, fault)
      if value ~= nil then assert.same(value, records) end
      -- Inside an object the whole is checked before the first record.
      local inside, refused = probe.open('{"records":' .. text .. "}")
      if value ~= nil then
        local list = {}
        assert.equal(#records, inside:append(list, 0))
        assert.same(value, list)
      elseif not message:find "^expected end of text" then
        assert.is_nil(inside, text)
        assert.is_string(refused)
      end
    end)
  end)
end)
