-- The token: where it comes from, what it may hold, and that it shows up
-- nowhere but in the Authorization header of requests to the base URL.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"

local TOKEN = "s3cret-t0ken-Zq8"

-- Looks through everything that Lua code can reach from a value, with the
-- debug library: tables, metatables, user values, upvalues, environments.
local function holds_token(root)
  local seen = {}
  local function look(v, path)
    if type(v) == "string" then return v:find(TOKEN, 1, true) and path end
    if v == nil or seen[v] or v == _G or v == package.loaded
      or type(v) == "boolean" or type(v) == "number" then
      return nil
    end
    seen[v] = true
    local found = look(debug.getmetatable(v), path .. "<metatable>")
    if type(v) == "table" then
      for k, field in next, v do
        found = found or look(k, path .. "<key>")
          or look(field, path .. "." .. tostring(k))
      end
    elseif type(v) == "userdata" then
      for n = 1, 10 do
        found = found or look(debug.getuservalue(v, n),
          ("%s<user value %d>"):format(path, n))
      end
    elseif type(v) == "function" and not debug.getinfo(v, "S").source
      :find("spec", 1, true) then
      for n = 1, 60 do
        local name, value = debug.getupvalue(v, n)
        if not name then break end
        found = found or look(value, path .. "^" .. name)
      end
    end
    return found
  end
  return look(root, "")
end

local function assert_hidden(...)
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    assert.is_nil(holds_token(v))
    assert.is_nil(tostring(v):find(TOKEN, 1, true))
  end
end

describe("the token", function()
  local server, client, events

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    events = {}
    client = celigo.new {
      base_url = server.url, token = TOKEN, retry_base = 0.001,
      rate_limit = false, timeout = 20,
      on_event = function(event) events[#events + 1] = event end,
    }
  end)
  after_each(function() client:close() end)

  it("goes into the Authorization header of each request", function()
    server:script { { body = "[]" } }
    client:list_connectors()
    client:create_connector({ name = "n" }, { headers = { A = "b" } })
    client:delete_connector("1")
    client:request { path = "/v1/x" }
    for _ in client:each_connector() do end
    local requests = server:requests()
    assert.equal(5, #requests)
    for _, request in ipairs(requests) do
      assert.equal("Bearer " .. TOKEN, request.headers.authorization)
      local _, times = request.raw:gsub(TOKEN:gsub("%-", "%%-"), "")
      assert.equal(1, times)
    end
  end)

  it("may be a function's value, which is asked when it is needed",
    function()
      local asked = 0
      local lazy <close> = celigo.new { base_url = server.url,
        token = function()
          asked = asked + 1
          return TOKEN
        end }
      assert.equal(0, asked)
      server:script { { body = "[]" } }
      for _ = 1, 3 do lazy:list_connectors() end
      assert.equal(1, asked)
      assert.equal("Bearer " .. TOKEN,
        server:requests()[3].headers.authorization)
    end)

  it("may not be empty, nor hold what no header can", function()
    for _, token in ipairs { "", "a\rb", "a\nb", "a\r\nX: y", "a\0b", "a b",
      "a\tb", "\127", "\u{e9}" } do
      local good, err = pcall(celigo.new, { token = token })
      assert.is_false(good)
      assert.is_truthy(err:find("token", 1, true))
      assert.is_true(#token < 2 or not err:find(token, 1, true))
      local lazy <close> = celigo.new {
        base_url = server.url, token = function() return token end }
      server:script { { body = "[]" } }
      good, err = pcall(lazy.list_connectors, lazy)
      assert.is_false(good)
      assert.is_truthy(err:find("token", 1, true))
      assert.equal(0, #server:requests())
      assert.equal(0, lazy:step())
    end
    for _, token in ipairs { 5, true, {} } do
      assert.is_false((pcall(celigo.new, { token = token })))
    end
  end)

  it("is not within reach of a client or a call", function()
    server:script { { body = "[]" } }
    local call = client:submit("list_connectors")
    assert_hidden(client, call)
    assert_hidden(call:wait())
    assert_hidden(client, call, events)
    client:close()
    assert_hidden(client, call)
  end)

  it("is in no error, whatever goes wrong", function()
    for _, step in pairs(fault.scenarios) do
      server:script { step }
      local _, err = client:list_connectors {
        max_retries = 1, timeout = 0.1 }
      assert_hidden(err, events)
    end
    for _, bad in ipairs { table.pack(5), table.pack("1", nil, {}), table.pack("1", { bad = 1 }) } do
      local trace
      xpcall(client.get_connector_by_id, function(err)
        trace = debug.traceback(err, 1)
      end, client, table.unpack(bad, 1, bad.n))
      assert.is_nil(trace:find(TOKEN, 1, true))
    end
  end)

  it("is masked where a server sends it back", function()
    local echo = "Bearer " .. TOKEN
    local body = ('{"errors":[{"code":"%s","message":"you sent %s",'
      .. '"field":"%s"}]}'):format(echo, echo, echo)
    for _, status in ipairs { 302, 400, 401, 403, 404, 422, 500, 429 } do
      for _, text in ipairs { body, '{"message":"' .. echo .. '"}', echo,
        TOKEN .. TOKEN, "<p>" .. echo } do
        server:script { {
          status = status, body = text,
          headers = { ["X-Echo"] = echo, ["Location"] = "/?" .. TOKEN,
            ["WWW-Authenticate"] = echo, [TOKEN] = "a" },
        } }
        local _, err = client:get_connector_by_id("1", { max_retries = 0 })
        assert.equal(status, err.status)
        assert_hidden(err, events)
        assert.is_truthy(err.body:find("***", 1, true))
        client:request { method = "POST", path = "/v1/x", max_retries = 0 }
        assert_hidden(events)
      end
    end
  end)

  it("is masked in the headers of a good answer", function()
    server:script { { body = "[]", headers = { ["X-Echo"] = TOKEN,
      ["X-Request-Id"] = TOKEN } } }
    local _, response = client:list_connectors()
    assert_hidden(response)
    for _, page_response in client:pages { path = "/v1/x" } do
      assert_hidden(page_response)
    end
    local _, answer = client:delete_connector("1")
    assert_hidden(answer)
  end)

  it("is masked in an answer that cannot be decoded", function()
    for _, text in ipairs { TOKEN, '["' .. TOKEN, "[1," .. TOKEN .. "]" } do
      server:script { { body = text, headers = { ["X-Echo"] = TOKEN } } }
      for _, name in ipairs { "list_connectors",
        "preview_connector_install" } do
        local _, err = client[name](client, name ~= "list_connectors" and "1"
          or nil)
        assert.equal("decode", err.kind)
        assert_hidden(err, events)
      end
      local good, err = pcall(function()
        for _ in client:each_connector() do end
      end)
      assert.is_false(good)
      assert_hidden(err)
    end
  end)

  it("is masked when it has been replaced meanwhile", function()
    local tokens = { TOKEN, "another-one" }
    local n = 0
    local rotating <close> = celigo.new { base_url = server.url,
      token = function()
        n = n + 1
        return tokens[n]
      end }
    server:script { { status = 401, body = TOKEN },
      { status = 422, body = TOKEN .. " another-one" } }
    local _, err = rotating:list_connectors()
    assert.equal(422, err.status)
    assert.is_nil(err.body:find("another-one", 1, true))
  end)

  it("is masked in answers to what went out before it was replaced", function()
    local tokens = { TOKEN, "another-one" }
    local n = 0
    local rotating <close> = celigo.new {
      base_url = server.url, max_retries = 0,
      token = function()
        n = n + 1
        return tokens[n]
      end,
    }
    server:script { { status = 422, body = TOKEN, stall_at = "body", stall = 0.3 },
      { status = 401 }, { body = "{}" } }
    local early = rotating:submit("get_connector_by_id", "1")
    repeat rotating:step(0.01) until #server:requests() > 0
    assert(rotating:get_connector_by_id("2"))
    assert.equal(2, n)
    local _, err = early:wait()
    assert.equal(422, err.status)
    assert_hidden(err)
  end)

  it("is masked where a message quotes it", function()
    local short <close> = celigo.new { base_url = server.url, token = "abcdefgh" }
    server:script { { body = "abcdefgh" } }
    local _, err = short:get_connector_by_id("1")
    assert.equal("decode", err.kind)
    assert.is_nil(err.message:find("abcdefgh", 1, true))
  end)

  it("is masked in a dry run", function()
    local run = client:create_connector({ name = "n" }, { dry_run = true })
    assert_hidden(run)
    assert.equal("Bearer ***", run.headers.authorization)
  end)

  it("may not be given by a call's own headers", function()
    for _, name in ipairs { "Authorization", "authorization",
      "Proxy-Authorization" } do
      assert.is_false((pcall(client.list_connectors, client,
        { headers = { [name] = "Bearer x" } })))
    end
    for _, value in ipairs { "a\r\nAuthorization: x", "a\nb", "a\0b" } do
      assert.is_false((pcall(client.list_connectors, client,
        { headers = { A = value } })))
    end
  end)

  it("is never carried to another origin", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      server:script { { redirect = "/elsewhere", status = status } }
      local _, err = client:list_connectors()
      assert.equal(status, err.status)
      client:create_connector { name = "n" }
      pcall(function() for _ in client:each_connector() do end end)
      for _, request in ipairs(server:requests()) do
        assert.equal("base", request.origin)
      end
    end
    -- Of a next link only path and query count.
    server:script {
      { body = "[1]", headers = {
        Link = ("<%s/v1/connectors?p=2>; rel=next"):format(
          server.other_url) } },
      { body = "[2]" },
    }
    assert.same({ 1, 2 }, (client:list_connectors()))
    local requests = server:requests()
    assert.equal("base", requests[2].origin)
    assert.equal("/v1/connectors?p=2", requests[2].target)
  end)

  it("of the environment is used where no other is given", function()
    server:script { { body = "[]" } }
    local prelude = ("package.path=%q package.cpath=%q "):format(
      package.path, package.cpath)
    local child = assert(process.start {
      "env", "CELIGO_API_TOKEN=" .. TOKEN, "CELIGO_BASE_URL=" .. server.url,
      process.lua(), "-e", prelude .. [[
        local client = require("celigo").new()
        print(client, client:list_connectors())]],
    })
    local status, output = child:wait()
    assert.equal(0, status, output)
    assert.is_nil(output:find(TOKEN, 1, true))
    assert.equal("Bearer " .. TOKEN,
      server:requests()[1].headers.authorization)
  end)
end)

-- What a server says back may hold the token in other clothes.
describe("a token that is said back", function()
  local PLAIN <const> = 'tok-secret/1+2="3\\4'
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  after_each(function() client:close() end)

  local function open(token)
    client = celigo.new { base_url = server.url, token = token, max_retries = 0 }
  end

  -- No eight bytes of it in anything that the error says.
  local function assert_none(token, err)
    for _, text in ipairs { tostring(err), err.message, err.body or "", err.field or "" } do
      for at = 1, #token - 7 do
        assert.is_nil(text:find(token:sub(at, at + 7), 1, true), text)
      end
    end
  end

  it("is masked behind JSON's escapes", function()
    for _, token in ipairs { PLAIN, "usual/suburb-of-uuuu" } do
      open(token)
      for _, escape in ipairs {
        function(c) return ({ ["/"] = "\\/", ['"'] = '\\"', ["\\"] = "\\\\" })[c] end,
        function(c) return (c:find "[%p]" and ("\\u%04x"):format(c:byte())) or nil end,
        function(c) return (c:find "[%pu]" and ("\\u%04x"):format(c:byte())) or nil end,
        function(c) return ("\\u%04X"):format(c:byte()) end,
      } do
        local said = token:gsub(".", escape)
        for _, body in ipairs { '{"message":"bad %s"}', '{"errors":[{"code":"x","message":"m","field":"%s"}]}' } do
          server:script { { status = 422, body = body:gsub("%%s", (said:gsub("%%", "%%%%"))) } }
          local _, err = client:get_connector_by_id "1"
          assert_none(token, err)
          assert.is_truthy((err.message .. (err.field or "")):find("***", 1, true))
        end
      end
      client:close()
    end
  end)

  it("is masked as it is, too, in a text and in a header", function()
    for _, token in ipairs { PLAIN, "\\\\two-of-them\\" } do
      open(token)
      server:script { { status = 500, body = "you sent " .. token, headers = { ["X-Echo"] = token } } }
      local _, err = client:get_connector_by_id "1"
      assert.is_nil(err.body:find(token, 1, true))
      assert.is_nil(err.headers["x-echo"]:find(token, 1, true))
      client:close()
    end
  end)

  it("is not quoted where the answer cannot be decoded", function()
    local token = "deadbeefcafe0123456789abcdef4242"
    open(token)
    for _, body in ipairs { token, '{"token":' .. token .. "}", "[" .. token .. "]" } do
      server:script { { body = body } }
      local _, err = client:get_connector_by_id "1"
      assert.equal("decode", err.kind)
      assert_none(token, err)
      _, err = client:list_connectors()
      assert.equal("decode", err.kind)
      assert_none(token, err)
      local _, raised = pcall(function() for _ in client:each_connector() do end end)
      assert_none(token, raised)
    end
  end)

  it("is masked after it was renewed, too", function()
    local n = 0
    client = celigo.new {
      base_url = server.url,
      max_retries = 0,
      token = function()
        n = n + 1
        return "number-" .. n .. "-of-tokens"
      end,
    }
    server:script {
      { status = 401, body = '{"message":"no"}' },
      { status = 401, body = '{"message":"number-1-of-tokens was revoked, number-2-of-tokens is bad"}' },
    }
    local _, err = client:get_connector_by_id "1"
    assert.equal(2, n)
    assert_none("number-1-of-tokens", err)
    assert_none("number-2-of-tokens", err)
  end)
end)
