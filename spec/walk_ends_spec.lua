-- A walk never ends early as if it were complete: next pages that are named
-- in odd ways are followed or refused, and a list that tells its length is
-- held to it. Seen by what each way of reading a list gives, and by what the
-- server was asked for.

local celigo = require "celigo"
local cjson = require "cjson"
local fault = require "spec.support.fault_server"

local FIRST <const> = "/v1/connectors"
local SECOND <const> = "/v1/connectors?skip=2"

-- Every way to read a list: records, or nil, the error and the records before.
local function iterate(start)
  return function(client, path)
    local seen = {}
    local good, err = pcall(function()
      for item in start(client, path) do
        for _, record in ipairs(math.type(item) and { item } or item) do seen[#seen + 1] = record end
      end
    end)
    if good then return seen end
    return nil, err, seen
  end
end

local readers = {
  list = function(client, path) return client:request { path = path, follow = true } end,
  submitted = function(client, path) return client:submit("request", { path = path, follow = true }):wait() end,
  map = function(client, path)
    local results, errors = client:map({ path }, function(p) return client:request { path = p, follow = true } end)
    return results[1], errors[1]
  end,
  each = iterate(function(client, path) return client:each { path = path } end),
  ["each without prefetch"] = iterate(function(client, path) return client:each { path = path, prefetch = false } end),
  pages = iterate(function(client, path) return client:pages { path = path } end),
}

describe("the end of a walk", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  local function targets()
    local list = {}
    for i, request in ipairs(server:requests()) do list[i] = request.target end
    return list
  end

  -- Runs a check for each way of reading, with the own codec and another.
  local function each_way(check)
    for _, json in ipairs { celigo.json, cjson } do
      local client <close> = celigo.new {
        base_url = server.url, token = "t", max_retries = 0, timeout = 10, json = json,
      }
      for name, read in pairs(readers) do
        check(name, function(path) return read(client, path or FIRST) end)
      end
    end
  end

  local function linked(link)
    return { { body = "[1,2]", headers = { { "Link", link } } }, { body = "[3]" } }
  end

  local followed = {
    "<%s>; rel='next'", "<%s>; rel = 'NEXT'", "<%s>; rel='last next'", "</v1/x>; rel='prev', <%s>; rel='next'",
    '<%s>; rel="next"; anchor="/v1/connectors"', '<%s>; anchor=""; rel="next"', '<%s>; rel="next"; anchor="#top"',
    '<%s>; rel=next; anchor="https://api.integrator.io/v1/connectors"', "<%s>; rel=next; anchor=/v1/connectors",
    '<%s>; rel=next; anchor="connectors"', "<%s>; rel=next; anchor='/v1/connectors'",
    '</v1/x>; rel=next; anchor="/v1/elsewhere", <%s>; rel=next',
    "<%s>; rel=next, <https://elsewhere.example/v1/connectors?skip=2>; rel=next",
  }
  for _, form in ipairs(followed) do
    it("is not here: " .. form, function()
      each_way(function(name, read)
        server:script(linked(form:format(SECOND)))
        assert.same({ 1, 2, 3 }, (read()), name)
        assert.same({ FIRST, SECOND }, targets())
      end)
    end)
  end

  local refused = {
    "<%s>; rel=`next`", "<%s>; rel='next", '<%s>; rel="\'next\'"', '<%s>; rel="next,last"', "<%s>; rel=next_page",
    "<%s>; rel=prev; rel=next", "<%s>; rel*=UTF-8''next", "<%s>; next", "<%s>; rel=\u{201c}next\u{201d}",
    '<%s>; rel=next; anchor="/v1/connectors?skip=7"', '<%s>; rel=next; anchor="http://["', "%s; rel=next",
    '<%s>; rel=next; anchor="/v1/connectors\\x"', '<%s>; rel=next, </v1/connectors?skip=9>; rel="next"',
  }
  for _, form in ipairs(refused) do
    it("is not clear: " .. form, function()
      each_way(function(name, read)
        server:script(linked(form:format(SECOND)))
        local value, err = read()
        assert.is_nil(value, name)
        assert.equal("pagination", err.kind, name)
        assert.equal("bad_next_link", err.code)
        assert.is_falsy(err.maybe_applied)
        assert.same({ FIRST }, targets())
      end)
    end)
  end

  local ended = {
    "<%s>; rel=prev", "<%s>; rev=next", '<%s>; rel="next-archive"', '<%s>; rel=next; anchor="/v1/elsewhere"',
    '<%s>; rel="https://example.com/next"', '<%s>; title="next"; rel=self',
  }
  for _, form in ipairs(ended) do
    it("is here: " .. form, function()
      each_way(function(name, read)
        server:script(linked(form:format(SECOND)))
        assert.same({ 1, 2 }, (read()), name)
        assert.same({ FIRST }, targets())
      end)
    end)
  end

  local function told(records, total, following)
    return { body = ('{"items":%s,"totalCount":%s%s}'):format(
      records, total, following and (',"nextPageURL":"%s"'):format(following) or "") }
  end

  it("comes when all have come that totalCount tells of", function()
    for _, total in ipairs { "3", "2", "0", "null", '"7"', "{}", "-1", "3.0" } do
      each_way(function(name, read)
        server:script { told("[1,2]", total, SECOND), told("[3]", total) }
        assert.same({ 1, 2, 3 }, (read()), name .. ", " .. total)
      end)
    end
    -- The newest number counts: records may have gone meanwhile.
    each_way(function(name, read)
      server:script { told("[1,2]", 9, SECOND), told("[3]", 3) }
      assert.same({ 1, 2, 3 }, (read()), name)
    end)
  end)

  it("comes too early where there are fewer", function()
    for script, records in pairs {
      [{ told("[1,2]", 4, SECOND), told("[3]", 4) }] = { 1, 2, 3 },
      [{ told("[1,2]", 3) }] = { 1, 2 },
      [{ told("[]", 1) }] = {},
      [{ told("[1,2]", 9, SECOND), { body = "[3]" } }] = { 1, 2, 3 },
      [{ told("[1,2]", 9, SECOND), { status = 204 } }] = { 1, 2 },
      [{ { body = '{"totalCount":4,"items":[1]}', headers = { { "Link", "<" .. SECOND .. ">; rel=next" } } },
        { body = '{"\\u0074otalCount":4e0,"items":[2]}' } }] = { 1, 2 },
    } do
      each_way(function(name, read)
        server:script(script)
        local value, err, seen = read()
        assert.is_nil(value, name)
        assert.equal("pagination", err.kind, name)
        assert.equal("incomplete", err.code)
        assert.is_nil(err.status)
        assert.is_truthy(err.message:find(("after %d records"):format(#records), 1, true), err.message)
        assert.equal(#script, #server:requests())
        -- Iterators have handed out what came: there is no page to go on with.
        if seen then assert.same(records, seen) end
        assert.is_nil(err.page)
      end)
    end
  end)

  it("is judged with what the first target leaves out", function()
    each_way(function(name, read)
      server:script { told("[8,9]", 9) }
      assert.same({ 8, 9 }, (read "/v1/x?limit=5&skip=7"), name)
      server:script { told("[8,9]", 9) }
      local value, err = read "/v1/x?noskip=7"
      assert.is_nil(value)
      assert.equal("incomplete", err.code)
    end)
  end)

  it("is no matter where one page is asked for", function()
    local client <close> = celigo.new { base_url = server.url, token = "t" }
    server:script { told("[1,2]", 9, SECOND) }
    local seen = {}
    for record in client:each { path = FIRST, follow = false } do seen[#seen + 1] = record end
    assert.same({ 1, 2 }, seen)
    local page, response = client:list_connectors { follow = false }
    assert.same({ 1, 2 }, page)
    assert.equal(SECOND, response.next_url)
  end)

  -- After the error there is nothing more, however often one asks.
  it("that comes too early is told once", function()
    local client <close> = celigo.new { base_url = server.url, token = "t" }
    server:script { told("[1]", 2) }
    local next_record = client:each { path = FIRST }
    assert.equal(1, next_record())
    assert.is_false((pcall(next_record)))
    assert.is_nil(next_record())
    assert.equal(0, client:step())
  end)
end)
