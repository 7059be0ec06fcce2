-- Everything that a server can do wrong, on the one call path: what a call
-- comes to, that a write goes out once, and that the client is as good as
-- before.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

-- What a GET comes to: the error's kind, and its code where it is telling.
local expected = {
  closed_at_connect = { "network" },
  reset_at_connect = { "network" },
  closed_at_first_bytes = { "network" },
  reset_at_first_bytes = { "network", "connection_reset" },
  closed_without_a_byte = { "network", "empty_reply" },
  reset_without_a_byte = { "network", "connection_reset" },
  cut_in_status_line = { "network" },
  cut_in_headers = { "network", "cut_short" },
  cut_in_body = { "network", "cut_short" },
  reset_in_body = { "network" },
  length_too_long = { "network", "cut_short" },
  length_too_short = { "decode", "invalid_json" },
  bad_chunk_size = { "network" },
  chunk_longer_than_its_size = { "network" },
  chunks_cut_short = { "network", "cut_short" },
  garbage = { "network", "bad_response" },
  stalled_before_headers = { "timeout", "timed_out" },
  stalled_in_headers = { "timeout", "timed_out" },
  stalled_in_body = { "timeout", "timed_out" },
  huge_header = { "limit", "headers_too_large" },
  many_headers = { "limit", "headers_too_large" },
  bad_gzip = { "decode", "bad_content_encoding" },
  gzip_bomb = { "limit", "response_too_large" },
}

local names = {}
for name in pairs(fault.scenarios) do
  names[#names + 1] = name
end
table.sort(names)

describe("a fault of the server,", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    client = celigo.new {
      base_url = server.url, token = "test", rate_limit = false,
      retry_base = 0.001, max_response_bytes = 100000,
    }
  end)
  after_each(function() client:close() end)

  local function check(name, value, err)
    assert.is_nil(value)
    assert.is_true(celigo.is_error(err))
    assert.equal(expected[name][1], err.kind, tostring(err))
    assert.equal(expected[name][2] or err.code, err.code, tostring(err))
    assert.is_string(err.code)
    assert.is_true(#err.message > 0)
    assert.is_nil(tostring(err):find("\n"))
    if err.kind ~= "decode" then assert.is_nil(err.status) end
  end

  local function check_usable()
    server:script { { body = '[{"a":1}]' } }
    assert.same({ { a = 1 } }, (assert(client:list_connectors())))
    assert.equal(0, client:step())
  end

  for _, name in ipairs(names) do
    describe(name .. ",", function()
      local patience = name:find("^stalled") and 0.2 or 20

      it("fails a read", function()
        server:script { fault.scenarios[name] }
        local value, err = client:list_connectors {
          max_retries = 0, timeout = patience }
        check(name, value, err)
        assert.is_false(err.maybe_applied)
        check_usable()
      end)

      it("fails a write that went out once", function()
        server:script { fault.scenarios[name] }
        local value, err = client:create_connector(
          { name = "n" }, { timeout = patience })
        check(name, value, err)
        assert.is_true(#server:requests() <= 1)
        -- A reset may come before the connection counts as one: nothing has
        -- been sent then, and the next attempt is free to be made.
        if name ~= "reset_at_connect" then
          assert.is_true(err.maybe_applied)
          assert.equal(1, err.attempts)
        end
        assert.equal(err.attempts, server:connections())
        check_usable()
      end)

      it("is mended by a retry where it can be", function()
        server:script { fault.scenarios[name], { body = "[]" } }
        local value, other = client:list_connectors { timeout = patience }
        if expected[name][1] == "network" then
          assert.same({}, value)
          assert.equal(2, other.attempts)
        else
          check(name, value, other)
          assert.equal(1, other.attempts)
        end
      end)

      it("ends a walk with an error, after the records before it",
        function()
          server:script {
            { body = '[{"n":1}]', headers = {
              Link = '</v1/connectors?page=2>; rel="next"' } },
            fault.scenarios[name],
          }
          local seen = {}
          local good, err = pcall(function()
            for record in client:each_connector {
              max_retries = 0, timeout = patience } do
              seen[#seen + 1] = record.n
            end
          end)
          assert.is_false(good)
          assert.same({ 1 }, seen)
          check(name, nil, err)
          assert.equal("/v1/connectors?page=2", err.page)
          check_usable()
        end)
    end)
  end

  it("an answer cut short is no answer, whatever its status said",
    function()
      for _, cut in ipairs { "status", "headers", "body" } do
        for _, status in ipairs { 200, 204, 401, 404, 422, 500 } do
          for _, ending in ipairs { "close", "reset" } do
            if status ~= 204 or cut ~= "body" then
              server:script { { status = status, headers = { A = "b" },
                body = status ~= 204 and '{"a":"long"}'
                  or nil,
                cut = cut, ending = ending } }
              local value, err = client:delete_connector(
                "1", { max_retries = 0 })
              local row = ("%s of a %d, %s"):format(cut, status, ending)
              assert.is_nil(value, row)
              assert.equal("network", err.kind, row)
              assert.is_nil(err.status, row)
              assert.is_true(err.maybe_applied, row)
            end
          end
        end
      end
    end)

  it("an answer may be cut at any byte", function()
    local answer = { status = 422, headers = { A = "b" },
      body = '{"errors":[{"code":"c"}]}' }
    for cut = 0, 1000 do
      answer.cut, answer.ending = cut, "close"
      server:script { answer }
      local value, err = client:update_connector(
        "1", { name = "n" }, { max_retries = 0 })
      assert.is_nil(value)
      if err.kind == "http" then
        assert.equal("c", err.code)
        assert.is_true(cut > 80)
        return
      end
      assert.equal("network", err.kind, cut)
    end
    error("it was never whole")
  end)

  it("an interim answer is no answer", function()
    server:script { { raw = "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n",
      ending = "close" } }
    local value, err = client:delete_connector("1", { max_retries = 0 })
    assert.is_nil(value)
    assert.equal("network", err.kind)
    server:script { { informational = 300, body = "[]" } }
    local _, response = assert(client:list_connectors())
    assert.equal(200, response.status)
    assert.is_nil(response.headers.link)
  end)

  it("bytes after an answer are not the next call's answer", function()
    server:script { { body = '[1][{"stolen":true}]', length = 3 },
      { body = "[2]" } }
    assert.same({ 1 }, (client:list_connectors()))
    assert.same({ 2 }, (client:list_connectors()))
    server:script {
      { raw = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"
        .. "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[3]" },
      { body = "[2]" },
    }
    assert.same({ 1 }, (client:list_connectors()))
    assert.same({ 2 }, (client:list_connectors()))
  end)

  it("bodies without a length, and in chunks, are read whole", function()
    for _, step in ipairs {
      { unframed = true, ending = "close" }, { chunked = 1 },
      { chunked = 5, drip = 0.0001 }, { drip = 0.0001 },
    } do
      step.body = '[{"a":"' .. ("b"):rep(50) .. '"}]'
      server:script { step }
      assert.equal(50, #client:list_connectors()[1].a)
    end
  end)

  it("a redirect is an answer, and is not followed", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      for _, name in ipairs { "get_connector_by_id", "delete_connector" } do
        server:script { { redirect = "/elsewhere", status = status } }
        local value, err = client[name](client, "1")
        assert.is_nil(value)
        assert.equal("http", err.kind)
        assert.equal(status, err.status)
        assert.is_truthy(tostring(err):find("redirects are not followed"))
        assert.equal(1, #server:requests())
      end
    end
  end)
end)
