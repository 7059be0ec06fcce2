-- Error objects: every field, for every kind of failure.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local errors = require "celigo.errors"

local MAX_BODY = 64 * 1024

describe("an error", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "s3cret-value",
      max_retries = 0, rate_limit = false }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  -- The error of a call that must fail, and what is true of them all.
  local function check(value, err)
    assert.is_nil(value)
    assert.is_true(celigo.is_error(err))
    for field, kind in pairs {
      kind = "string", code = "any", message = "string", errors = "table",
      method = "string", path = "string", operation = "string",
      attempts = "number", elapsed = "number", retryable = "boolean",
      maybe_applied = "boolean",
    } do
      assert.is_not_nil(err[field], field)
      assert.is_true(kind == "any" or type(err[field]) == kind, field)
    end
    local line = tostring(err)
    assert.is_nil(line:find("%c"), line)
    assert.is_nil(line:find("s3cret", 1, true), line)
    return err
  end

  local function failure(step, call)
    server:script { step }
    if call then return check(call()) end
    return check(client:get_connector_by_id("a"))
  end

  local function assert_fields(expected, err)
    for field, value in pairs(expected) do
      assert.same(value, err[field], field)
    end
  end

  describe("of kind http", function()
    it("has the first of the service's list, and the list", function()
      local body = '{"errors":[{"code":"missing_required_field",'
        .. '"message":"name is required","field":"name",'
        .. '"source":"application"},{"code":422,"message":"upstream"}],'
        .. '"other":1}'
      local err = failure({ status = 422, body = body,
        headers = { ["X-A"] = "b" } }, function()
          return client:update_connector("54fa0b38a7044f9252000036",
            { name = "n" })
        end)
      assert.equal("number", type(err.elapsed))
      err.elapsed = nil
      assert.truthy(err.where:find "^spec/errors_spec.lua:%d+$")
      err.where = nil
      assert.same({
        kind = "http", status = 422, code = "missing_required_field",
        message = "name is required", field = "name",
        source = "application",
        errors = {
          { code = "missing_required_field", message = "name is required",
            field = "name", source = "application" },
          { code = 422, message = "upstream" },
        },
        method = "PUT", path = "/v1/connectors/54fa0b38a7044f9252000036",
        operation = "update_connector", attempts = 1, retryable = false,
        maybe_applied = false, body = body,
        headers = { ["content-length"] = tostring(#body), ["x-a"] = "b" },
      }, debug.setmetatable(err, nil))
    end)

    it("reads like the page says", function()
      local err = failure({ status = 422,
        body = '{"errors":[{"code":"missing_required_field",'
          .. '"message":"name is required","field":"name"}]}' },
        function()
          return client:update_connector("54fa0b38a7044f9252000036",
            { name = "n" })
        end)
      assert.equal(err.where
        .. ": PUT /v1/connectors/54fa0b38a7044f9252000036: 422 "
        .. "missing_required_field: name is required (field: name)",
        tostring(err))
    end)

    it("shows every entry of a short list", function()
      local line = tostring(failure { status = 422, body =
        '{"errors":[{"code":"a","message":"one"},'
        .. '{"code":502,"message":"two","field":"x.y"}]}' })
      assert.is_truthy(line:find("a: one", 1, true), line)
      assert.is_truthy(line:find("502: two (field: x.y)", 1, true), line)
    end)

    it("does not show a hundred", function()
      local list = {}
      for i = 1, 100 do
        list[i] = ('{"code":"c%d","message":"m"}'):format(i)
      end
      local err = failure { status = 422, body = '{"errors":['
        .. table.concat(list, ",") .. "]}" }
      assert.equal(100, #err.errors)
      assert.is_true(err:has("c100"))
      assert.is_true(#tostring(err) < 500)
      assert.is_truthy(tostring(err):find("and 95 more", 1, true))
    end)

    it("understands a bare message under any status", function()
      for status, code in pairs {
        [400] = "bad_request", [401] = "unauthorized", [403] = "forbidden",
        [404] = "not_found", [409] = "conflict",
        [429] = "too_many_requests", [500] = "internal_server_error",
        [502] = "bad_gateway", [503] = "service_unavailable",
        [504] = "gateway_timeout", [418] = "http_418",
      } do
        local err = failure { status = status,
          body = '{"message":"Some words."}' }
        assert_fields({ kind = "http", status = status, code = code,
          message = "Some words.", errors = {} }, err)
        assert.is_nil(err.field)
        assert.is_nil(err.source)
        assert.is_true(err:has(code))
        assert.is_truthy(tostring(err):find(
          ("%d %s: Some words."):format(status, code), 1, true))
      end
    end)

    it("understands every status outside 2xx", function()
      for status = 300, 599 do
        local err = failure { status = status }
        assert_fields({ kind = "http", status = status, errors = {},
          body = "" }, err)
        assert.is_string(err.code)
      end
    end)

    it("of a 401 and a 403 says what to check", function()
      local err = failure { status = 401,
        body = '{"message":"Unauthorized"}' }
      assert.is_truthy(tostring(err):find("check the token", 1, true))
      err = failure { status = 403, body = '{"message":"Forbidden"}' }
      assert.is_truthy(tostring(err):find("Partner", 1, true))
    end)

    it("speaks of Partner accounts where they are what it takes", function()
      for path, expected in pairs {
        ["/v1/connectors"] = true, ["/v1/connectors/1/licenses/2"] = true,
        ["/v1/connectors?limit=1"] = true, ["/v1/flows"] = false,
        ["/v1/connectorsOfMine"] = false, ["/v1/tokenInfo"] = false,
      } do
        server:script { { status = 403, body = '{"message":"Forbidden"}' } }
        local _, err = client:request { path = path }
        assert.equal(expected,
          tostring(err):find("Partner", 1, true) ~= nil, path)
      end
    end)

    it("keeps a body that is no JSON, and the status", function()
      for _, body in ipairs {
        "<html><body><h1>502 Bad Gateway</h1>\r\n</body></html>",
        "plain words", '{"errors":', "\0\1\2\xff", "", "[]", "null", "5",
        '"text"', "{}", '{"errors":null}', '{"errors":{}}', '{"errors":[]}',
        '{"errors":"x"}', '{"message":null}', '{"message":{}}',
      } do
        local err = failure { status = 502, body = body }
        assert_fields({ kind = "http", status = 502, code = "bad_gateway",
          errors = {}, body = body }, err)
        assert.is_true(#err.message > 0)
      end
    end)

    it("takes entries as they come", function()
      for body, expected in pairs {
        ['{"errors":["words"]}'] = { code = "bad_request",
          message = "words", errors = { { message = "words" } } },
        ['{"errors":[null,{"code":"x"}]}'] = { code = "bad_request",
          errors = { {}, { code = "x" } } },
        ['{"errors":[{"code":null,"message":5,"field":[]}]}'] = {
          code = "bad_request", message = "5",
          errors = { { message = "5" } } },
        ['{"errors":[{"code":404,"message":"m"}]}'] = { code = 404,
          message = "m" },
        ['{"errors":[{"code":"a\\nb","message":"two\\r\\nlines"}]}'] = {
          code = "a\nb", message = "two\r\nlines" },
        ['{"errors":[{"message":"m"}]}'] = { code = "bad_request",
          message = "m" },
        ['{"errors":[{"code":"","message":"","field":""}]}'] = { code = "bad_request", errors = { {} } },
        ['{"errors":[{"code":"c","message":{"a":1}}]}'] = { code = "c", message = '{"code":"c","message":{"a":1}}' },
        ['{"errors":[{"reason":"why"}]}'] = { code = "bad_request", message = '{"reason":"why"}' },
        ['{"errors":[["why"],true]}'] = { code = "bad_request",
          message = '["why"]', errors = { { message = '["why"]' }, { message = "true" } } },
        ['{"code":"c","detail":"why"}'] = { code = "c", message = '{"code":"c","detail":"why"}' },
        ['{"error":{"code":"c","reason":"why"}}'] = { code = "c", message = '{"error":{"code":"c","reason":"why"}}' },
      } do
        local err = failure { status = 400, body = body }
        assert_fields(expected, err)
      end
    end)

    it("cuts its body at 64 KiB, after it has been read", function()
      local filler = ("x"):rep(MAX_BODY)
      for _, body in ipairs { filler .. "end",
        '{"filler":"' .. filler .. '","errors":[{"code":"late"}]}' } do
        local err = failure { status = 400, body = body }
        assert.equal(MAX_BODY, #err.body)
        assert.equal(body:sub(1, MAX_BODY), err.body)
        assert.equal(body:find("late") and "late" or "bad_request", err.code)
      end
      local err = failure { status = 400, body = filler }
      assert.equal(filler, err.body)
    end)

    it("says what the service asks to be waited", function()
      local err = failure { status = 429, headers = { ["Retry-After"] = "0" },
        body = '{"errors":[{"code":"rate_limited","message":"slow"}]}' }
      assert_fields({ status = 429, code = "rate_limited", retry_after = 0,
        retryable = true, maybe_applied = false }, err)
      assert.is_nil(tostring(err):find("asks to wait", 1, true))
      err = failure { status = 503, headers = { ["Retry-After"] = "7" } }
      assert.equal(7, err.retry_after)
      assert.is_truthy(tostring(err):find("; the service asks to wait 7.0 s", 1, true))
      err = failure { status = 503, headers = {
        ["Retry-After"] = "Wed, 21 Oct 2015 07:28:00 GMT" } }
      assert.equal(0, err.retry_after)
      for _, value in ipairs { "soon", "-1", "1.", "" } do
        err = failure { status = 503, headers = { ["Retry-After"] = value } }
        assert.is_nil(err.retry_after)
      end
      assert.is_nil(failure({ status = 503 }).retry_after)
    end)

    it("says whether later may be better", function()
      for status, retryable in pairs {
        [400] = false, [401] = false, [403] = false, [404] = false,
        [408] = true, [409] = false, [422] = false, [429] = true,
        [500] = true, [501] = false, [502] = true, [503] = true,
        [504] = true, [302] = false,
      } do
        local headers = status == 429 and { ["Retry-After"] = "0" } or nil
        local err = failure { status = status, headers = headers }
        assert.equal(retryable, err.retryable, status)
      end
    end)

    it("of a redirect says where it led", function()
      local err = failure { status = 302,
        headers = { Location = "https://h.example.com/x" } }
      assert.is_truthy(err.message:find("https://h.example.com/x", 1, true))
      assert.is_truthy(err.message:find("base_url", 1, true))
    end)

    it("of what has not changed speaks of no redirect", function()
      server:script { { status = 304, headers = { ETag = '"1"', ["Content-Encoding"] = "gzip" } } }
      for _, make in ipairs { client.get_connector_by_id, function(...) return client.submit(...):wait() end } do
        local first = make == client.get_connector_by_id and "1" or "get_connector_by_id"
        local options = { headers = { ["If-None-Match"] = '"1"' } }
        local value, err
        if first == "1" then
          value, err = make(client, "1", options)
        else
          value, err = make(client, first, "1", options)
        end
        assert.is_nil(value)
        assert.equal("http", err.kind)
        assert.equal(304, err.status)
        assert.equal("not_modified", err.code)
        assert.is_truthy(err.message:find("not changed", 1, true), err.message)
        assert.is_nil(err.message:find("redirect", 1, true), err.message)
        assert.is_nil(err.message:find("base_url", 1, true), err.message)
      end
    end)

    it("shows the token nowhere, were it sent back", function()
      for _, status in ipairs { 400, 302 } do
        local err = failure { status = status,
          body = '{"errors":[{"code":"x","message":"bad s3cret-value",'
            .. '"field":"s3cret-value"}],'
            .. '"s3cret-value":"s3cret-values3cret-value"}',
          headers = { ["X-Echo"] = "Bearer s3cret-value",
            Location = "/?t=s3cret-value" } }
        local function search(value)
          if type(value) == "table" then
            for k, v in pairs(value) do
              search(k)
              search(v)
            end
          elseif type(value) == "string" then
            assert.is_nil(value:find("s3cret", 1, true), value)
          end
        end
        search(err)
      end
    end)
  end)

  it("is not spoilt by a short token", function()
    for _, token in ipairs { "t", "e", "test", "token" } do
      local mine <close> = celigo.new { base_url = server.url,
        token = token, max_retries = 0 }
      local body = '{"errors":[{"code":"invalid_token",'
        .. '"message":"that is not the test"}]}'
      server:script { { status = 422, body = body } }
      local err = check(mine:get_connector_by_id("a"))
      assert_fields({ code = "invalid_token", body = body,
        message = "that is not the test" }, err)
      assert.is_string(err.headers["content-length"])
    end
  end)

  describe("of kind decode", function()
    it("is a whole 2xx that is no JSON", function()
      for _, body in ipairs { "<html>", "{", '{"a":1', '{"a":1} x', "nul",
        "'a'", '{"a":\xff}', "[1,]", "\0" } do
        local err = failure { status = 200, body = body,
          headers = { ["X-A"] = "b" } }
        assert_fields({ kind = "decode", status = 200, body = body,
          code = "invalid_json", errors = {},
          retryable = false, maybe_applied = false }, err)
        assert.equal("b", err.headers["x-a"])
        assert.is_truthy(tostring(err):find(
          "^%S+: GET /v1/connectors/a: decode invalid_json: .+"))
      end
    end)

    it("is a list's answer that is no list", function()
      for _, body in ipairs { '{"a":1}', "5", "null", '"x"', "true",
        '{"a":[],"b":[]}' } do
        local err = failure({ status = 200, body = body }, function()
          return client:list_connectors()
        end)
        assert_fields({ kind = "decode", status = 200, body = body }, err)
      end
    end)

    it("tells a write from a read by its method only", function()
      local err = failure({ status = 200, body = "<html>" }, function()
        return client:create_connector { name = "n" }
      end)
      assert_fields({ kind = "decode", method = "POST",
        operation = "create_connector" }, err)
    end)

    it("cuts its body, too", function()
      local err = failure { status = 200, body = ("x"):rep(MAX_BODY + 1) }
      assert.equal(MAX_BODY, #err.body)
    end)
  end)

  describe("of kind network", function()
    local cut = { "closed_at_first_bytes", "reset_at_first_bytes",
      "closed_without_a_byte", "reset_without_a_byte", "cut_in_status_line",
      "cut_in_headers", "cut_in_body", "reset_in_body", "length_too_long",
      "bad_chunk_size", "chunks_cut_short", "garbage" }
    for _, name in ipairs(cut) do
      it(name, function()
        local fresh <close> = celigo.new { base_url = server.url,
          token = "t", max_retries = 0 }
        local err = failure(fault.scenarios[name], function()
          return fresh:get_connector_by_id("a")
        end)
        assert_fields({ kind = "network", retryable = true,
          maybe_applied = false, attempts = 1, errors = {} },
          err)
        assert.is_nil(err.status)
        assert.is_nil(err.body)
        assert.is_nil(err.headers)
        err = failure(fault.scenarios[name], function()
          return fresh:create_connector { name = "n" }
        end)
        assert_fields({ kind = "network", maybe_applied = true,
          attempts = 1 }, err)
      end)
    end

    it("whatever the status line said", function()
      for _, status in ipairs { 200, 404, 422, 503 } do
        local err = failure { status = status, body = '{"message":"m"}',
          cut = "body", ending = "close" }
        assert.equal("network", err.kind)
        assert.is_nil(err.status)
      end
    end)

    it("where nobody listens", function()
      local alone <close> = celigo.new { base_url = "http://127.0.0.1:1",
        token = "t", max_retries = 0 }
      local err = check(alone:create_connector { name = "n" })
      assert_fields({ kind = "network", code = "connect_failed",
        retryable = true, maybe_applied = false, attempts = 1,
        path = "/v1/connectors", method = "POST" }, err)
      assert.is_truthy(tostring(err):find(
        "^%S+: POST /v1/connectors: network connect_failed: "))
    end)

    it("where the name is none", function()
      local lost <close> = celigo.new {
        base_url = "https://no-such-host.invalid", token = "t",
        max_retries = 0, proxy = "" }
      local err = check(lost:list_connectors())
      assert_fields({ kind = "network", code = "dns_failed",
        maybe_applied = false }, err)
    end)
  end)

  describe("of kind timeout", function()
    for _, name in ipairs { "stalled_before_headers", "stalled_in_headers",
      "stalled_in_body" } do
      it(name, function()
        server:script { fault.scenarios[name] }
        local err = check(client:get_connector_by_id("a",
          { timeout = 0.1 }))
        assert_fields({ kind = "timeout", code = "timed_out",
          retryable = true, maybe_applied = false, attempts = 1 }, err)
        assert.is_nil(err.status)
        assert.equal("number", type(err.elapsed))
        server:script { fault.scenarios[name] }
        err = check(client:create_connector({ name = "n" },
          { timeout = 0.1 }))
        assert_fields({ kind = "timeout", maybe_applied = true }, err)
        assert.is_truthy(tostring(err):find("0.1 s", 1, true))
      end)
    end

    it("which its own rate limit brought about", function()
      local slow <close> = celigo.new { base_url = server.url, token = "t",
        rate_limit = { rate = 0.01, burst = 1 } }
      server:script { { body = "{}" } }
      assert(slow:get_connector_by_id("a"))
      local err = check(slow:create_connector({ name = "n" },
        { timeout = 5 }))
      assert_fields({ kind = "timeout", code = "timed_out",
        maybe_applied = false, attempts = 0 }, err)
      assert.equal(1, #server:requests())
    end)
  end)

  describe("of kind limit", function()
    it("where the body is too large", function()
      local small <close> = celigo.new { base_url = server.url, token = "t",
        max_response_bytes = 1000 }
      local function get(size)
        server:script { { body = '"' .. ("x"):rep(size - 2) .. '"' } }
        return small:get_connector_by_id("a")
      end
      assert.equal(998, #get(1000))
      local err = check(get(1001))
      assert_fields({ kind = "limit", code = "response_too_large",
        attempts = 1, retryable = false, maybe_applied = false }, err)
      assert.is_nil(err.status)
      assert.is_truthy(tostring(err):find("max_response_bytes", 1, true))
      assert.equal(1, #server:requests())
    end)

    it("where it is too large when decompressed", function()
      local small <close> = celigo.new { base_url = server.url, token = "t",
        max_response_bytes = 100000 }
      server:script { { bomb = 10000000 } }
      assert_fields({ kind = "limit", code = "response_too_large" },
        check(small:get_connector_by_id("a")))
    end)

    it("where the headers are too large", function()
      for _, name in ipairs { "huge_header", "many_headers" } do
        local err = failure(fault.scenarios[name])
        assert.is_true(err.kind == "limit" or err.kind == "network",
          err.kind)
        assert.is_false(err.maybe_applied)
      end
    end)
  end)

  it("of kind validation has the service's shape", function()
    local err = check(client:create_connector {
      trialEnabled = true, published = "yes" })
    assert_fields({ kind = "validation", attempts = 0, elapsed = 0,
      method = "POST", path = "/v1/connectors", retryable = false,
      maybe_applied = false, operation = "create_connector" }, err)
    assert.is_true(#err.errors >= 3)
    for _, entry in ipairs(err.errors) do
      assert.is_string(entry.code)
      assert.is_string(entry.field)
      assert.is_string(entry.message)
    end
    assert.equal(err.errors[1].code, err.code)
    assert.equal(err.errors[1].message, err.message)
    assert.equal(err.errors[1].field, err.field)
    assert.is_true(err:has("missing_required_field"))
    assert.is_true(err:has("invalid_field"))
    assert.is_nil(err.status)
  end)

  it("of kind cancelled and closed", function()
    local mine = celigo.new { base_url = server.url, token = "t" }
    server:script { { stall = true, body = "{}" } }
    local one = mine:submit("create_connector", { name = "n" })
    local two = mine:submit("get_connector_by_id", "a")
    while #server:requests() < 2 do
      mine:step(0.01)
    end
    one:cancel()
    mine:close()
    assert_fields({ kind = "cancelled", code = "call_cancelled",
      maybe_applied = true, retryable = false, attempts = 1,
      operation = "create_connector" }, check(one:result()))
    assert_fields({ kind = "closed", code = "client_closed",
      maybe_applied = false, retryable = false },
      check(two:result()))
  end)

  it("has the path without its query", function()
    local err = failure({ status = 404 }, function()
      return client:request { path = "/v1/x?secret=1",
        query = { other = 2 } }
    end)
    assert_fields({ path = "/v1/x", operation = "request",
      method = "GET" }, err)
    assert.is_nil(tostring(err):find("?", 1, true))
  end)

  it("can be raised by assert, and told from others", function()
    server:script { { status = 404 } }
    local ok, err = pcall(function()
      return _G.assert(client:get_connector_by_id("a"))
    end)
    assert.is_false(ok)
    assert.is_true(celigo.is_error(err))
    assert.equal(404, err.status)
    for _, value in ipairs { "x", 5, {}, true, print, io.stdout, client,
      setmetatable({}, { __index = err }) } do
      assert.is_false(celigo.is_error(value))
    end
    assert.is_false(celigo.is_error(nil))
    assert.is_false(celigo.is_error())
  end)

  it("goes with the operator ..", function()
    local err = failure { status = 404, body = '{"message":"m"}' }
    assert.equal("failed: " .. tostring(err), "failed: " .. err)
    assert.equal(tostring(err) .. "!", err .. "!")
  end)

  it("says which codes it has", function()
    local err = failure { status = 422, body = '{"errors":['
      .. '{"code":"a"},{"code":500},{"code":"b"},{"message":"m"}]}' }
    for _, code in ipairs { "a", "b", 500 } do
      assert.is_true(err:has(code))
    end
    for _, code in ipairs { "c", "500", 422, "" } do
      assert.is_false(err:has(code))
    end
    assert.is_false(err:has(nil))
  end)

  it("is made whole of what is missing", function()
    local err = errors.new { kind = "network" }
    assert.same({}, err.errors)
    assert.is_string(tostring(err))
    assert.is_false(err:has("x"))
  end)
end)
