-- The descriptors of a client: none is left to programs that are started, and
-- none is a standard one, also where the host has closed those.

local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local LISTING = "ls -l /proc/self/fd"

describe("descriptors", function()
  local server

  setup(function() server = assert(sandbox.start {}) end)
  teardown(function() server:stop() end)

  local function quote(text) return process.quote(text) end

  -- Runs Lua code in a process of its own, with redirections of the shell.
  local function run(code, redirections)
    local prelude = ("package.path=%q package.cpath=%q URL=%q "):format(package.path, package.cpath, server.url)
    local command = ("%s -e %s %s"):format(quote(process.lua()), quote(prelude .. code), redirections)
    return os.execute(command)
  end

  local function read(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
  end

  it("are closed in programs that the host starts", function()
    if not io.open "/proc/self/fd" then return pending "this system shows no descriptors" end
    local path = os.tmpname()
    assert(run(([[
      local function count()
        local pipe <close> = assert(io.popen %q)
        local n = 0
        for line in pipe:lines() do if line:find " %%-> " then n = n + 1 end end
        return n
      end
      local before = count()
      local celigo = require "celigo"
      local clients = {}
      for i = 1, 3 do
        clients[i] = celigo.new { base_url = URL, token = "t" }
        assert(clients[i]:list_connectors())
        clients[i]:submit("list_connectors")
        clients[i]:step()
      end
      local after = count()
      local file <close> = assert(io.open(%q, "w"))
      file:write(before, " ", after)
    ]]):format(LISTING, path), ""))
    local before, after = read(path):match "(%d+) (%d+)"
    os.remove(path)
    assert.is_true(tonumber(before) > 2)
    assert.equal(before, after)
  end)

  it("are no standard ones, and what is written there goes to no server", function()
    local path = os.tmpname()
    server:reset()
    assert(run(([[
      local celigo = require "celigo"
      local client <close> = celigo.new { base_url = URL, token = "t", on_event = celigo.log(io.stderr) }
      local list = assert(client:list_connectors())
      io.stderr:write("words\n")
      io.stdout:write("words\n")
      io.stderr:flush()
      io.stdout:flush()
      assert(client:create_connector { name = "made without standard descriptors" })
      local file <close> = assert(io.open(%q, "w"))
      file:write(#list)
    ]]):format(path), "0<&- 1>&- 2>&-"))
    assert.is_true(tonumber(read(path)) > 0)
    os.remove(path)
    local seen = {}
    for i, request in ipairs(server:journal()) do seen[i] = ("%s %d"):format(request.method, request.status) end
    assert.same({ "GET 200", "POST 201" }, seen)
  end)
end)
