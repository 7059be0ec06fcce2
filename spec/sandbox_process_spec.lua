-- The sandbox as a process: by `serve` on its own, and by `start` for as
-- long as a script lives.

local http = require "spec.support.http"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local socket = require "socket"

local READY = "^celigo sandbox: listening on (http://[%d.]+:%d+)$"
local REQUEST = { path = "/v1/tokenInfo" }

-- Waits until nobody listens there any more.
local function gone(url)
  local host, port = http.parse_url(url)
  for _ = 1, 1000 do
    local sock = socket.connect(host, port)
    if not sock then return true end
    sock:close()
    socket.sleep(0.01)
  end
  return false
end

describe("celigo.sandbox.serve", function()
  local function serve(options)
    return process.start_lua(
      'require("celigo.sandbox").serve' .. options, READY)
  end

  it("says where it listens, and how to use it", function()
    local server <close> = serve "{port=0}"
    local url = server.captures[1]
    assert.equal(200, http.request(url, REQUEST).status)
    local _, output = server:stop()
    assert.is_truthy(output:find("CELIGO_BASE_URL=" .. url, 1, true))
  end)

  it("ends upon Ctrl-C: a short line, no traceback, status 0", function()
    local server <close> = serve "{port=0}"
    local idle <close> = http.connect(server.captures[1])
    idle:request(REQUEST)
    local status, output = server:stop("INT")
    assert.equal(0, status)
    assert.is_truthy(output:find("\nceligo sandbox: stopped$"))
    assert.is_nil(output:find("traceback", 1, true))
    assert.is_true(gone(server.captures[1]))
  end)

  it("runs twice at once on ports of their own, not on one", function()
    local first <close> = serve "{port=0}"
    local second <close> = serve "{port=0}"
    assert.not_equal(first.captures[1], second.captures[1])
    local _, port = http.parse_url(first.captures[1])
    local third, output = serve(("{port=%d}"):format(port))
    assert.is_nil(third)
    assert.is_truthy(output:find("cannot listen on 127.0.0.1:" .. port, 1,
      true))
    assert.equal(200, http.request(second.captures[1], REQUEST).status)
  end)

  it("logs requests, and no token, where it is told to", function()
    local server <close> = serve "{port=0, log=true}"
    http.request(server.captures[1], { path = "/v1/connectors?limit=1",
      token = "secret-token" })
    local _, output = server:stop("INT")
    assert.is_truthy(output:find("GET /v1/connectors?limit=1 200", 1, true))
    assert.is_nil(output:find("secret", 1, true))
  end)
end)

describe("celigo.sandbox.start", function()
  it("refuses options that it does not know, or of a wrong type", function()
    local wrong = {
      { { prot = 1 }, "unknown option 'prot'; did you mean 'port'?" },
      { { tokne = "a" }, "unknown option 'tokne'; did you mean 'token'?" },
      { { zzz = 1 }, "unknown option 'zzz'; there are: host, port, " },
      { { port = "1" }, "option 'port': expected an integer from 0 to 65535, got string" },
      { { page_size = 0 }, "option 'page_size': expected an integer from 1 to 1000000, got 0" },
      { { token = {} }, "option 'token': expected a string or an array of strings, got table" },
      { { rate_limit = { rate = 1 } }, "option 'rate_limit': expected false or { rate = number, burst = number }" },
      { { host = "" }, "option 'host': expected the name or the address of a host" },
      { { max_requests = 0 }, "option 'max_requests': expected an integer from 1 to 1000000000, got 0" },
      { 5, "options must be a table, not a number" },
    }
    for _, case in ipairs(wrong) do
      local ok, message = pcall(sandbox.start, case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
    end
    assert.has_error(function() sandbox.serve { prot = 1 } end)
  end)

  it("names the caller's line for a wrong option", function()
    local ok, message = pcall(function() sandbox.start { prot = 1 } end)
    assert.is_false(ok)
    assert.is_truthy(message:find("sandbox_process_spec.lua:", 1, true))
  end)

  it("says in a line which module is missing, and how to get it", function()
    local cases = {
      socket = "celigo.sandbox needs LuaSocket: "
        .. "luarocks --lua-version=" .. process.version .. " install luasocket, ",
      cjson = "celigo.sandbox needs lua-cjson: "
        .. "luarocks --lua-version=" .. process.version .. " install lua-cjson, ",
    }
    for module, expected in pairs(cases) do
      -- A file in the module's place that fails as if there were none.
      local folder = os.tmpname()
      os.remove(folder)
      assert(os.execute("mkdir " .. folder))
      local file <close> = assert(io.open(folder .. "/" .. module .. ".lua",
        "w"))
      file:write(("error(\"module '%s' not found:\\n\\tno field\", 0)")
        :format(module))
      file:close()
      for _, name in ipairs { "serve", "start" } do
        local program = process.start_lua(([[
          package.path = %q .. package.path
          local good, message = pcall(require("celigo.sandbox").%s)
          print(good, message)]]):format(folder .. "/?.lua;", name))
        local status, output = program:wait()
        assert.equal(0, status, output)
        assert.is_nil(output:find("\n", 1, true), output)
        assert.is_truthy(output:find("false\t" .. expected, 1, true), output)
      end
      os.execute("rm -r " .. folder)
    end
  end)

  it("stops when told to, closed or collected", function()
    local stopped = sandbox.start()
    stopped:stop()
    stopped:stop()
    assert.is_true(gone(stopped.url))

    local url
    do
      local closed <close> = sandbox.start()
      url = closed.url
      assert.equal(200, http.request(url, REQUEST).status)
    end
    assert.is_true(gone(url))

    url = (function() return sandbox.start().url end)()
    collectgarbage()
    collectgarbage()
    assert.is_true(gone(url))
  end)

  it("says why it did not come up", function()
    local first <close> = sandbox.start()
    local ok, message = pcall(sandbox.start, { port = first.port })
    assert.is_false(ok)
    assert.is_truthy(message:find("cannot listen on", 1, true), message)
    ok, message = pcall(sandbox.start, { lua = "true" })
    assert.is_false(ok)
    assert.is_truthy(message:find("ended at once", 1, true), message)
  end)

  it("takes options with any text in them", function()
    local token = "a'b\"c\\d$e`f%g\n"
    local server <close> = sandbox.start { token = token }
    assert.equal(token, server.token)
    assert.equal(401, http.request(server.url, REQUEST).status)
  end)

  it("starts several that live apart", function()
    local first <close> = sandbox.start()
    local second <close> = sandbox.start { seed = false }
    first:stop()
    assert.equal(200, http.request(second.url, REQUEST).status)
  end)

  for signal, number in pairs { KILL = 9, TERM = 15, INT = 2 } do
    it("leaves nothing behind a parent that dies of " .. signal, function()
      local parent <close> = process.start_lua([[
        local sandbox = require("celigo.sandbox").start()
        local function wait()
          print("url " .. sandbox.url) io.stdout:flush()
          require("socket").sleep(600)
        end
        pcall(wait) -- lua makes an error of an INT that comes before the sleep
        wait()]], "^url (.+)$")
      local url = parent.captures[1]
      assert.equal(200, http.request(url, REQUEST).status)
      -- Again where need be: LuaSocket's sleep does not end for the first INT.
      assert.equal(128 + number, (parent:stop(signal)))
      assert.is_true(gone(url))
    end)
  end
end)

describe("the process helper", function()
  it("returns a program's status and output", function()
    local program = process.start { "sh", "-c", "echo one; echo two; exit 3" }
    local status, output = program:wait()
    assert.equal(3, status)
    assert.equal("one\ntwo", output)
  end)

  it("knows the program's own number, whatever it prints first", function()
    for _ = 1, 50 do
      local program <close> = process.start(
        { "sh", "-c", "echo $$; exec sleep 600" }, "^(%d+)$")
      assert.equal(tonumber(program.captures[1]), program.pid)
    end
  end)

  it("tells of a program that ends before it is ready", function()
    local program, output = process.start({ "echo", "it's not" }, "ready")
    assert.is_nil(program)
    assert.is_truthy(output:find("it's not", 1, true))
  end)

  it("stops a program that does not stop by itself", function()
    local program = process.start({ "sh", "-c", "echo on; exec sleep 600" },
      "(on)")
    assert.is_true(program:alive())
    assert.equal(143, (program:stop()))
    assert.is_false(program:alive())
  end)
end)
