-- Misspelt names: whatever takes a name says which one was most likely meant,
-- and nothing where none is near.

local celigo = require "celigo"
local core = require "celigo.core"
local probe = require "tables_probe"

local client = celigo.new { token = "t", base_url = "http://127.0.0.1:1", max_retries = 0 }

teardown(function() client:close() end)

-- What a function raises, without its position.
local function refusal(f, ...)
  local good, message = pcall(f, ...)
  assert.is_false(good)
  return (message:gsub("^[^:]+:%d+: ", ""))
end

-- Names with one letter dropped, doubled, changed, and with two swapped.
local function misspellings(name)
  local list = {}
  for at = 1, #name do
    local head, letter, tail = name:sub(1, at - 1), name:sub(at, at), name:sub(at + 1)
    list[#list + 1] = head .. tail
    list[#list + 1] = head .. letter .. letter .. tail
    list[#list + 1] = head .. "~" .. tail
    list[#list + 1] = head .. tail:sub(1, 1) .. letter .. tail:sub(2)
  end
  return list
end

-- Every misspelling of a name that is no name itself is refused with the
-- name, where the place says "did you mean".
local function assert_suggests(names, use)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for _, name in ipairs(names) do
    for _, word in ipairs(misspellings(name)) do
      if not known[word] and word ~= "" then
        local message = refusal(use, word)
        local near = message:match "; did you mean '(.-)'%?$"
        assert.is_truthy(near, message)
        assert.is_true(known[near], message)
        if #name > 4 then assert.equal(name, near, message) end -- short ones are near to others
        assert.is_truthy(message:find("'" .. word .. "'", 1, true), message)
      end
    end
  end
end

local function names_in(list)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry.name end
  return names
end

local function keys(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("a misspelt name", function()
  it("of an option of celigo.new", function()
    assert_suggests(names_in(probe.client_options()), function(word)
      celigo.new { token = "t", [word] = 1 }
    end)
  end)

  it("of a field of rate_limit", function()
    assert_suggests({ "rate", "burst" }, function(word)
      celigo.new { token = "t", rate_limit = { [word] = 1 } }
    end)
  end)

  it("of a per-call option", function()
    assert_suggests(names_in(probe.call_options()), function(word)
      client:get_connector_by_id("id", { [word] = 1 })
    end)
  end)

  it("of an option of request", function()
    assert_suggests(names_in(probe.request_options()), function(word)
      client:request { path = "/", [word] = 1 }
    end)
  end)

  it("of an option of map", function()
    assert_suggests({ "concurrency", "on_progress" }, function(word)
      client:map({}, print, { [word] = 1 })
    end)
  end)

  it("of an iterator's option", function()
    assert_suggests(names_in(probe.call_options()), function(word)
      client:each_connector { [word] = 1 }
    end)
    assert_suggests(names_in(probe.call_options()), function(word)
      client:pages { path = "/", [word] = 1 }
    end)
  end)

  it("of an option of edit_connector", function()
    assert_suggests(names_in(probe.call_options()), function(word)
      client:edit_connector("id", function() end, { [word] = 1 })
    end)
  end)

  it("of an operation that is submitted", function()
    assert_suggests(names_in(probe.operations()), function(word)
      client:submit(word)
    end)
  end)

  it("of a method", function()
    assert_suggests(keys(core.methods), function(word)
      return client[word]
    end)
  end)
end)

describe("a method of a call", function()
  it("is suggested, and so is request to submit", function()
    local call = client:submit("list_connectors")
    call:cancel()
    assert.is_truthy(refusal(function() return call.cancle end)
      :find("celigo.call has no method 'cancle'; did you mean 'cancel'?", 1, true))
    assert.is_truthy(refusal(function() client:submit "reqest" end):find("did you mean 'request'?", 1, true))
  end)

  it("is not guessed from a word that is longer than any", function()
    for _, use in ipairs {
      function(word) celigo.new { token = "t", [word] = 1 } end,
      function(word) return client[word] end,
    } do
      assert.is_nil(refusal(use, ("x"):rep(200)):find("did you mean", 1, true))
    end
  end)
end)

describe("a name that was not finished", function()
  it("is completed, by the shortest name, and never turned into another verb", function()
    for word, name in pairs {
      get_connector = "get_connector_by_id",
      get_connector_install = "get_connector_install_base",
      list_licenses = "list_connectors",
      preview = "preview_connector_install",
      update_connector_lic = "update_connector_license",
    } do
      local message = refusal(function() client:submit(word) end)
      local near = message:match "did you mean '(.-)'"
      if word == "list_licenses" then
        assert.is_true(near == nil or near:find "^list_" ~= nil, message)
      else
        assert.equal(name, near, message)
      end
    end
    assert.is_truthy(refusal(function() return client.get_connector end)
      :find("did you mean 'get_connector_by_id'", 1, true))
  end)
end)

describe("a name that is near to none", function()
  it("gets no suggestion", function()
    for word, use in pairs {
      verify_peer = function(word) celigo.new { token = "t", [word] = false } end,
      colour = function(word) client:get_connector_by_id("id", { [word] = 1 }) end,
      parallel = function(word) client:map({}, print, { [word] = 1 }) end,
      tokens_per_day = function(word) celigo.new { token = "t", rate_limit = { [word] = 1 } } end,
      fly_to_the_moon = function(word) return client[word] end,
      make_coffee = function(word) client:submit(word) end,
    } do
      local message = refusal(use, word)
      assert.is_truthy(message:find("'" .. word .. "'", 1, true), message)
      assert.is_nil(message:find("did you mean", 1, true), message)
    end
  end)

  it("may be long, empty or hold anything", function()
    for _, word in ipairs { "", ("x"):rep(1000), "time\0out", "\xff\xfe" } do
      assert.is_truthy(refusal(function() celigo.new { token = "t", [word] = 1 } end)
        :find("unknown option", 1, true))
      assert.is_truthy(refusal(function() return client[word] end):find("has no method", 1, true))
    end
  end)
end)
