-- What a failed write says of its fate, case by case, in each way to make a
-- call. (fates_spec.lua holds random calls against what a server has applied.)

local celigo = require "celigo"
local cjson = require "cjson"
local fault = require "spec.support.fault_server"

local calls = {
  post = { method = "POST", path = "/v1/connectors", body = { name = "n" } },
  push = { method = "PUT", path = "/v1/connectors/1/update", body = {} },
  put = { method = "PUT", path = "/v1/connectors/1", body = { name = "n" } },
  delete = { method = "DELETE", path = "/v1/connectors/1" },
  get = { method = "GET", path = "/v1/connectors/1" },
}

local ways = {
  blocking = function(client, call) return client:request(call) end,
  submitted = function(client, call) return client:submit("request", call):wait() end,
  map = function(client, call)
    local results, errors = client:map({ call }, function(c) return client:request(c) end)
    return results[1], errors[1]
  end,
}

local CUT <const> = { status = 201, body = '{"_id":"1"}', length = 100, ending = "close" }
local RESET <const> = { raw = "", ending = "reset" }

describe("maybe_applied", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  after_each(function() client:close() end)

  -- A new client each time: no kept connection plays a part.
  local function open(options)
    if client then client:close() end
    local all = { base_url = server.url, token = "t", retry_base = 0.001, rate_limit = false, timeout = 20 }
    for name, value in pairs(options or {}) do all[name] = value end
    client = celigo.new(all)
  end

  -- Makes a call in each way on a server that answers with these steps, and
  -- checks its error and how often it went out.
  local function check(kind, script, attempts, maybe_applied, options)
    for way, make in pairs(ways) do
      open(options)
      server:script(script)
      local value, err = make(client, calls[kind])
      local row = ("%s, %s: %s"):format(kind, way, err)
      assert.is_nil(value, row)
      assert.equal(maybe_applied, err.maybe_applied, row)
      assert.equal(attempts, err.attempts, row)
      assert.equal(attempts, #server:requests(), row)
    end
  end

  it("of a single exchange is told by the status", function()
    for status, maybe_applied in pairs {
      [300] = true, [302] = true, [303] = true, [304] = false, [307] = false, [308] = false,
      [400] = false, [401] = false, [403] = false, [404] = false, [408] = true, [409] = false, [412] = false,
      [422] = false, [425] = false, [500] = true, [501] = false, [502] = true, [503] = true, [504] = true,
      [505] = false, [507] = true, [520] = true, [599] = true,
    } do
      local step = { status = status, body = "{}" }
      check("post", { step }, 1, maybe_applied)
      check("push", { step }, 1, maybe_applied)
      check("put", { step }, 1, maybe_applied, { max_retries = 0 })
      check("get", { step }, 1, false, { max_retries = 0 })
    end
    check("post", { { status = 429, body = "{}" } }, 1, false, { max_retries = 0 })
  end)

  it("is true where no whole answer came, and where a 2xx cannot be read", function()
    for _, step in ipairs {
      RESET, CUT, { raw = "HTTP/1.1 2", ending = "close" }, { raw = "no HTTP\r\n\r\n", ending = "close" },
      { status = 201, body = "{" }, { status = 200, body = "<html>" },
    } do
      check("post", { step }, 1, true)
      check("post", { step }, 1, true, { json = cjson })
      check("get", { step }, 1, false, { max_retries = 0 })
    end
    check("post", { { status = 201, body = '"' .. ("x"):rep(1000) .. '"' } }, 1, true, { max_response_bytes = 100 })
    for status, maybe_applied in pairs { [200] = true, [404] = false, [429] = false, [422] = false, [503] = true } do
      local step = { status = status, body = '"' .. ("x"):rep(1000) .. '"' }
      check("post", { step }, 1, maybe_applied, { max_response_bytes = 100 })
      check("put", { { status = 503 }, step }, 2, true, { max_response_bytes = 100 })
    end
    check("post", { { status = 201, header_bytes = 300000, body = "{}" } }, 1, true)
  end)

  it("counts every attempt: a later refusal does not settle an earlier one", function()
    local no = { status = 422, body = "{}" }
    for _, first in ipairs { { status = 503 }, { status = 408 }, RESET, CUT } do
      check("put", { first, no }, 2, true)
      check("put", { first, { status = 401 } }, 2, true)
      check("put", { first, { status = 429 }, no }, 3, true)
      check("delete", { first, { status = 409 } }, 2, true)
      check("get", { first, no }, 2, false)
    end
    check("put", { { status = 429 }, no }, 2, false)
    check("post", { { status = 429 }, no }, 2, false)
    check("post", { { status = 429 }, { status = 504 } }, 2, true)
  end)

  it("is never reached by more than max_retries + 1 exchanges", function()
    for _, retries in ipairs { 0, 1, 4 } do
      for _, step in ipairs { { status = 503 }, RESET, CUT } do
        check("put", { step }, retries + 1, true, { max_retries = retries })
      end
      check("put", { { status = 429 } }, retries + 1, false, { max_retries = retries })
    end
  end)

  it("of a delete that is answered 404 depends on what went before", function()
    local gone = { status = 404, body = '{"errors":[{"code":"invalid_ref"}]}' }
    for _, first in ipairs { { status = 500 }, { status = 503 }, RESET, CUT } do
      for way, make in pairs(ways) do
        open()
        server:script { first, { status = 429 }, gone }
        assert.is_true((make(client, calls.delete)), way)
        assert.equal(3, #server:requests())
      end
    end
    check("delete", { gone }, 1, false)
    check("delete", { { status = 429 }, gone }, 2, false)
  end)

  it("of a call that is ended from here depends on whether it was sent", function()
    for _, kind in ipairs { "post", "put", "delete" } do
      for _, ending in ipairs { "cancel", "close" } do
        open { max_connections = 1 }
        server:script { { stall = true, body = "{}" } }
        local sent = client:submit("request", calls[kind])
        local queued = client:submit("request", calls[kind])
        repeat client:step(0.01) until #server:requests() == 1
        if ending == "close" then
          client:close()
        else
          queued:cancel()
          sent:cancel()
        end
        local _, err = sent:result()
        assert.is_true(err.maybe_applied, kind .. ending)
        _, err = queued:result()
        assert.is_false(err.maybe_applied, kind .. ending)
        assert.equal(1, #server:requests())
      end
    end
    -- In the pause after an attempt: by what that one was.
    for status, maybe_applied in pairs { [503] = true, [429] = false } do
      open { retry_base = 1000, retry_cap = 1000, timeout = 1e6 }
      server:script { { status = status } }
      local call = client:submit("request", calls.put)
      repeat client:step(0.01) until tostring(call):find("waiting", 1, true)
      call:cancel()
      local _, err = call:result()
      assert.equal("cancelled", err.kind)
      assert.equal(maybe_applied, err.maybe_applied, status)
    end
  end)

  it("of a call that comes to its deadline depends on the same", function()
    for way, make in pairs(ways) do
      open { timeout = 0.2 }
      server:script { { stall = true, body = "{}" } }
      local _, err = make(client, calls.post)
      assert.equal("timeout", err.kind)
      assert.is_true(err.maybe_applied, way)
      open { timeout = 0.2, rate_limit = { rate = 0.01, burst = 1 } }
      server:script { { body = "{}" } }
      assert(make(client, calls.get))
      _, err = make(client, calls.post)
      assert.equal("timeout", err.kind)
      assert.is_false(err.maybe_applied, way)
      assert.equal(1, #server:requests())
    end
  end)
end)
