-- Bodies that are compressed, or said to be: what a call comes to, by what the
-- server sent. An answer that is cut short is never a shorter list, and no
-- Content-Encoding hides a status.

local celigo = require "celigo"
local compressed = require "spec.support.compressed"
local fault = require "spec.support.fault_server"

local gzip = compressed.gzip
local GZIP = { ["Content-Encoding"] = "gzip" }

local records = {}
for n = 1, 300 do records[n] = ('{"n":%d,"name":"connector %d"}'):format(n, n * 7919) end
local LIST = "[" .. table.concat(records, ",") .. "]"

local NOT_FOUND = '{"errors":[{"code":"invalid_ref","message":"no such connector"}]}'

-- Ways to make a call; each gives its value and response, or nil and the error.
local ways = {
  blocking = function(client, name, ...) return client[name](client, ...) end,
  submitted = function(client, name, ...)
    local call = client:submit(name, ...)
    while not call:done() do client:step(1) end
    return call:result()
  end,
  map = function(client, name, ...)
    local arguments = table.pack(...)
    local response
    local results, errors = client:map({ 1 }, function()
      local value, other = client[name](client, table.unpack(arguments, 1, arguments.n))
      response = other
      return value, other
    end)
    if errors[1] then return nil, errors[1] end
    return results[1], response
  end,
}

for how, call in pairs(ways) do
  describe("a compressed body, " .. how .. ":", function()
    local server, client

    setup(function() server = fault.start() end)
    teardown(function() server:stop() end)

    local function open(options)
      if client then client:close() end
      local o = { base_url = server.url, token = "test", rate_limit = false, retry_base = 0.001, max_retries = 0,
        timeout = 20 }
      for name, value in pairs(options or {}) do o[name] = value end
      client = celigo.new(o)
    end

    before_each(function() open() end)
    after_each(function()
      client:close()
      client = nil
    end)

    local function list(...) return call(client, "list_connectors", ...) end

    it("is asked for as gzip or deflate", function()
      server:script { { body = "[]" } }
      assert(list())
      assert.equal("gzip, deflate", server:requests()[1].headers["accept-encoding"])
    end)

    for name, row in pairs {
      gzip = { "gzip", gzip(LIST) }, upper = { "GZIP", gzip(LIST) }, x_gzip = { "x-gzip", gzip(LIST) },
      zlib = { "deflate", compressed.zlib(LIST) }, raw = { "deflate", compressed.raw(LIST) },
      members = { "gzip", gzip(LIST:sub(1, 1000)) .. gzip("") .. gzip(LIST:sub(1001)) },
      identity = { "identity", LIST }, charset = { "utf-8", LIST }, charset_too = { "utf-8, gzip", gzip(LIST) },
      identity_too = { "identity, gzip", gzip(LIST) }, two = { "gzip, gzip", gzip(gzip(LIST)) },
      zlib_in_gzip = { "deflate, gzip", gzip(compressed.zlib(LIST)) }, not_at_all = { "gzip", LIST },
      neither = { "deflate", LIST }, unknown = { "br", LIST }, empty = { "", LIST },
      spaces = { " ,\tgzip ,", gzip(LIST) },
    } do
      it("taken as it is meant, " .. name, function()
        local headers = { ["Content-Encoding"] = row[1] }
        for _, more in ipairs { {}, { chunked = 7 }, { unframed = true, ending = "close" } } do
          more.body, more.headers = row[2], headers
          server:script { more }
          assert.equal(300, #assert(list()))
        end
        -- two header fields are one list
        server:script { { body = row[2], headers = { { "Content-Encoding", "identity" },
          { "Content-Encoding", row[1] } } } }
        assert.equal(300, #assert(list()))
      end)
    end

    it("byte by byte", function()
      server:script { { body = gzip(LIST:sub(1, 400):gsub(",[^,]*$", "") .. "}]"), headers = GZIP, drip = 0 },
        { body = gzip("[1,2]") .. gzip(" "), headers = GZIP, drip = 0 } }
      local _, err = list()
      assert.equal("decode", err.kind)
      assert.same({ 1, 2 }, (assert(list())))
    end)

    it("by Transfer-Encoding, too", function()
      local body = gzip "[1,2]"
      for _, cut in ipairs { #body, #body - 1, 5, 0 } do
        local chunk = cut > 0 and ("%x\r\n%s\r\n"):format(cut, body:sub(1, cut)) or ""
        local head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        server:script { { raw = head .. chunk .. "0\r\n\r\n" } }
        local value, err = list()
        if not value and err.code == "bad_content_encoding" then
          assert.equal("network", err.kind) -- a newer libcurl refuses what was not asked for
        elseif cut == #body then
          assert.same({ 1, 2 }, value)
        else
          assert.is_nil(value)
          assert.equal("cut_short", err.code)
        end
      end
    end)

    it("cut anywhere is an answer cut short", function()
      local body = gzip '[{"a":1},{"a":2}]'
      for cut = 0, #body - 1 do
        for _, framed in ipairs { true, false } do
          -- none of the bytes, and a length that says so: there is no body
          if framed and cut == 0 then goto continue end
          server:script { { body = body:sub(1, cut), headers = GZIP, unframed = not framed,
            ending = not framed and "close" or nil } }
          local value, err = list()
          assert.is_nil(value)
          assert.equal("network", err.kind, tostring(err))
          assert.equal("cut_short", err.code)
          assert.is_true(err.retryable)
          assert.is_nil(err.status)
          ::continue::
        end
      end
    end)

    it("cut short is asked for again, whatever its status says", function()
      open { max_retries = 4 }
      local cut = gzip(LIST):sub(1, 8)
      for _, status in ipairs { 200, 404 } do
        server:script { { status = status, body = cut, headers = GZIP }, { body = gzip(LIST), headers = GZIP } }
        local value, response = list()
        assert.equal(300, #assert(value, response))
        assert.equal(2, response.attempts)
        assert.equal(2, #server:requests())
      end
    end)

    it("cut short leaves the fate of a write open", function()
      server:script { { status = 201, body = gzip('{"_id":"1"}'):sub(1, -5), headers = GZIP } }
      local value, err = call(client, "create_connector", { name = "n" })
      assert.is_nil(value)
      assert.equal("network", err.kind)
      assert.equal("cut_short", err.code)
      assert.is_true(err.maybe_applied)
      assert.equal(1, #server:requests())
    end)

    it("of no bytes is one where the head says so", function()
      for _, step in ipairs { { status = 204 }, { status = 200, length = 0 } } do
        step.headers = GZIP
        server:script { step }
        assert.is_true((assert(call(client, "push_connector_update", "1"))))
      end
    end)

    it("that is none hides no status", function()
      open { max_retries = 4 }
      for _, encoding in ipairs { "gzip", "deflate", "br", "gzip, br", "utf-8" } do
        server:script { { status = 404, body = NOT_FOUND, headers = { ["Content-Encoding"] = encoding } } }
        local value, err = call(client, "get_connector_by_id", "1")
        assert.is_nil(value)
        assert.equal("http", err.kind, encoding)
        assert.equal(404, err.status)
        assert.equal("invalid_ref", err.code)
        assert.equal(1, err.attempts)
        assert.equal(1, #server:requests())
      end
    end)

    it("that is none does not hide Retry-After", function()
      open { max_retries = 4, timeout = 5 }
      server:script { { status = 429, body = '{"message":"slowly"}',
        headers = { ["Content-Encoding"] = "gzip", ["Retry-After"] = "3600" } } }
      local value, err = list()
      assert.is_nil(value)
      assert.equal(429, err.status, tostring(err))
      assert.equal(3600, err.retry_after)
      assert.equal("slowly", err.message)
    end)

    it("that is none does not hide that a token is wanted", function()
      local given = 0
      open { token = function()
        given = given + 1
        return "token" .. given
      end }
      server:script { { status = 401, body = '{"message":"Unauthorized"}', headers = GZIP }, { body = "[]" } }
      assert.same({}, (assert(list())))
      assert.equal("Bearer token2", server:requests()[2].headers.authorization)
    end)

    it("that breaks does not hide a status", function()
      local body = gzip(NOT_FOUND .. (" "):rep(100))
      for _, broken in ipairs { body:sub(1, -9) .. "\0\0\0\0\0\0\0\0", "\31\139\8 not deflate at all" } do
        server:script { { status = 422, body = broken, headers = GZIP } }
        local value, err = call(client, "create_connector", { name = "n" })
        assert.is_nil(value)
        assert.equal("http", err.kind)
        assert.equal(422, err.status)
        assert.is_false(err.maybe_applied)
        assert.is_string(err.body)
      end
      server:script { { status = 404, body = body:sub(1, -9) .. "\0\0\0\0\0\0\0\0", headers = GZIP } }
      local _, err = call(client, "get_connector_by_id", "1")
      assert.equal("invalid_ref", err.code) -- as far as it could be read
    end)

    it("that is damaged is no value", function()
      open { max_retries = 4 }
      local body = gzip "[1]"
      local damaged = body:sub(1, -9) .. "\0\0\0\0" .. body:sub(-4) -- the check sum
      server:script { { body = damaged, headers = GZIP } }
      local value, err = list()
      assert.is_nil(value)
      assert.equal("decode", err.kind)
      assert.equal("bad_content_encoding", err.code)
      assert.equal(200, err.status)
      assert.is_false(err.maybe_applied)
      assert.equal(1, #server:requests())
      server:script { { status = 201, body = damaged, headers = GZIP } }
      value, err = call(client, "create_connector", { name = "n" })
      assert.is_nil(value)
      assert.equal("bad_content_encoding", err.code)
      assert.is_true(err.maybe_applied)
    end)

    it("of a coding that is not known names it", function()
      server:script { { body = "\11\1\128[]\3 no JSON", headers = { ["Content-Encoding"] = "br" } } }
      for _, name in ipairs { "list_connectors", "get_connector_by_id" } do
        local value, err = call(client, name, name ~= "list_connectors" and "1" or nil)
        assert.is_nil(value)
        assert.equal("decode", err.kind)
        assert.equal("bad_content_encoding", err.code)
        assert.is_truthy(err.message:find("(br)", 1, true), err.message)
        assert.is_false(err.retryable)
      end
    end)

    it("of a second page is treated like that of a first", function()
      local first = { body = gzip("[1,2]"), headers = { Link = '</v1/connectors?p=2>; rel="next"',
        ["Content-Encoding"] = "gzip" } }
      local cut = gzip("[3,4]")
      server:script { first, { body = gzip("[3,4]"), headers = GZIP } }
      assert.same({ 1, 2, 3, 4 }, (assert(list())))
      for _, body in ipairs { cut:sub(1, 5), cut:sub(1, -2) } do
        server:script { first, { body = body, headers = GZIP } }
        local value, err = list()
        assert.is_nil(value)
        assert.equal("cut_short", err.code)
      end
      server:script { first, { body = "", headers = GZIP, chunked = 5 } }
      local value, err = list()
      assert.is_nil(value)
      assert.equal("cut_short", err.code)
      server:script { first, { body = cut:sub(1, 10) .. "\255" .. cut:sub(12), headers = GZIP } }
      value, err = list()
      assert.is_nil(value)
      assert.equal("bad_content_encoding", err.code)
    end)

    it("may have max_response_bytes, and not one more", function()
      for _, size in ipairs { 1000, 100000 } do
        local body = '["' .. ("x"):rep(size - 4) .. '"]'
        open { max_response_bytes = size }
        server:script { { body = gzip(body), headers = GZIP }, { body = gzip(body .. " "), headers = GZIP },
          { status = 404, body = gzip(body .. " "), headers = GZIP },
          { body = gzip(gzip(body .. " ")), headers = { ["Content-Encoding"] = "gzip, gzip" } } }
        assert.equal(size - 4, #assert(list())[1])
        for _ = 1, 3 do
          local value, err = list()
          assert.is_nil(value)
          assert.equal("limit", err.kind, tostring(err))
          assert.equal("response_too_large", err.code)
        end
      end
    end)

    it("in an iterator is the same", function()
      local first = { body = gzip("[1,2]"), headers = { Link = '</v1/connectors?p=2>; rel="next"',
        ["Content-Encoding"] = "gzip" } }
      local page = gzip("[3]")
      for code, body in pairs { cut_short = page:sub(1, 6), bad_content_encoding = page:sub(1, 10) .. "\255\255" } do
        server:script { first, { body = body, headers = GZIP } }
        local seen = {}
        local good, err = pcall(function()
          for n in client:each_connector() do seen[#seen + 1] = n end
        end)
        assert.is_false(good)
        assert.equal(code, err.code, tostring(err))
        assert.same({ 1, 2 }, seen)
        assert.equal("/v1/connectors?p=2", err.page)
      end
      server:script { first, { body = page, headers = GZIP } }
      local sum = 0
      for n in client:each_connector() do sum = sum + n end
      assert.equal(6, sum)
    end)

    it("that is a part nobody asked for is no whole answer", function()
      open { max_retries = 4 }
      local part = { status = 206, body = "[1]", headers = { ["Content-Range"] = "bytes 0-2/9" } }
      server:script { part, { body = "[1,2]" } }
      local value, response = list()
      assert.same({ 1, 2 }, value)
      assert.equal(2, response.attempts)
      server:script { part }
      local err
      value, err = list { max_retries = 0 }
      assert.is_nil(value)
      assert.equal("network", err.kind)
      assert.equal("cut_short", err.code)
      assert.is_truthy(err.message:find("206", 1, true), err.message)
      server:script { { body = "[0]", headers = { Link = '</v1/connectors?p=2>; rel="next"' } }, part }
      value, err = list { max_retries = 0 }
      assert.is_nil(value)
      assert.equal("cut_short", err.code)
      server:script { part }
      value, err = call(client, "create_connector", { name = "n" })
      assert.is_nil(value)
      assert.equal("cut_short", err.code)
      assert.is_true(err.maybe_applied)
      assert.equal(1, #server:requests())
    end)
  end)
end
