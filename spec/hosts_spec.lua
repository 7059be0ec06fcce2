-- The scripts and configurations of docs/hosts.md in the real servers, as they
-- are printed there but for folders and ports. Judged by the servers' answers
-- and by the sandbox's journal. A server that is not installed, or that has
-- another Lua in it, is pending.

local http = require "spec.support.http"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local socket = require "socket"

local BODY = "Storefront to Ledger\nParcel Tracker\nPayroll Export\nWarehouse Bridge\n"
local SECONDS = 30 -- a guard against hanging, never a condition

local quote = process.quote

-- `gives_way`: others are served while a call waits.
local hosts = {
  { name = "lighttpd", words = { "lighttpd", "-D", "-f", "lighttpd.conf" } },
  { name = "apache", words = { "apache2", "-D", "FOREGROUND", "-f", "httpd.conf" } },
  { name = "haproxy", words = { "haproxy", "-db", "-f", "haproxy.cfg" }, gives_way = true },
  { name = "prosody", words = { "prosody", "-F", "--config", "prosody.cfg.lua" }, gives_way = true },
}

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "a"
  return pipe:close() or false, output
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read "a"
  file:close()
  return text
end

-- The files that the page prints for a host, by name.
local function printed_files(host)
  local files = {}
  for text in read "docs/hosts.md":gmatch "\n```%w+\n(.-)```" do
    local owner, name = text:match "^[-#]+ /srv/(%w+)/([%w_.]+)\n"
    if owner == host.name then files[name] = text end
  end
  assert(next(files), "docs/hosts.md prints no file for " .. host.name)
  return files
end

-- A port that was free a moment ago.
local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

local function write_files(host, folder, port)
  for name, text in pairs(printed_files(host)) do
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    -- Prosody does not start as root, unless it is told to.
    if name == "prosody.cfg.lua" then file:write "run_as_root = true\n" end
    file:write((text:gsub("/srv/" .. host.name, folder):gsub("%f[%d]8080%f[%D]", port)))
  end
end

-- A copy of the library that every user may read, for Apache has one of its
-- own, and the environment of the host. Any Lua finds the module, so that
-- another one than 5.4 and 5.5 can say so.
local function environment(folder, service)
  local build = assert(os.getenv "CELIGO_BUILD_DIR", "CELIGO_BUILD_DIR names the build's directory")
  assert(run(("cp -r lua examples %s/lib %s && chmod -R a+rX %s"):format(quote(build), folder, folder)))
  local path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/examples/?.lua;;"):gsub("%%s", folder)
  return {
    "env", "LUA_PATH=" .. path, "LUA_CPATH=" .. folder .. "/lib/?.so;;",
    "CELIGO_BASE_URL=" .. service.url, "CELIGO_API_TOKEN=of-the-host",
  }
end

-- What keeps a host from being used here, if its words tell.
local function why_not(output)
  return output:match "celigo is for Lua 5.4 and 5.5, and this program runs Lua 5.%d"
    or output:match "celigo is here for another Lua than the Lua 5.%d of this program"
    or output:match "[^\n]*mod_magnet%.so[^\n]*" or output:match "unknown keyword 'lua%-load'"
end

-- Starts the host; returns its process, the URL, and why it cannot be used.
local function start(host, folder, service)
  local port = free_port()
  write_files(host, folder, port)
  local words = environment(folder, service)
  for i, word in ipairs(host.words) do
    words[#words + 1] = i == #host.words and folder .. "/" .. word or word
  end
  local server, reason = process.start(words), nil
  local limit = socket.gettime() + SECONDS
  while socket.gettime() < limit do
    local there = socket.connect("127.0.0.1", port)
    if there then
      there:close()
      -- The first request shows whether its Lua can load the module.
      local url = "http://localhost:" .. port
      local answer = http.request(url, { path = "/connectors" })
      if answer and answer.status == 200 then return server, url end
      reason = why_not(read(folder .. "/error.log"))
      break
    end
    if not server:alive() then break end
    socket.sleep(0.02)
  end
  local _, output = server:stop()
  reason = reason or why_not(output)
  assert(reason, host.name .. " does not start:\n" .. output .. read(folder .. "/error.log"))
  return nil, nil, host.name .. ": " .. reason
end

for _, host in ipairs(hosts) do
  describe(host.name, function()
    local lacking, folder, service, server, url = process.instrumented, nil, nil, nil, nil

    setup(function()
      local program = host.words[1]
      if not run("command -v " .. program) then lacking = program .. " is not installed" end
      if lacking then return end
      folder = os.tmpname()
      os.remove(folder)
      assert(run("mkdir " .. folder))
      service = sandbox.start()
      server, url, lacking = start(host, folder, service)
      service:reset()
    end)

    teardown(function()
      if server then server:stop() end
      if service then service:stop() end
      if folder then run("rm -rf " .. quote(folder)) end
    end)

    local function get() return http.request(url, { path = "/connectors" }) end

    local function log() return read(folder .. "/error.log") end

    it("answers with what the service has", function()
      if lacking then return pending(lacking) end
      for _ = 1, 3 do
        local answer = get()
        assert.equal(200, answer.status, log())
        assert.equal(BODY, answer.body)
      end
      local seen = service:journal()
      assert.equal(3, #seen)
      for _, request in ipairs(seen) do
        assert.equal("GET", request.method)
        assert.equal("/v1/connectors", request.path)
        assert.equal("Bearer of-the-host", request.headers.authorization)
      end
    end)

    it("tells an error in words", function()
      if lacking then return pending(lacking) end
      service:fault { operation = "list_connectors", status = 403, code = "forbidden", message = "not for you" }
      local answer = get()
      assert.equal(502, answer.status, log())
      assert.matches("GET /v1/connectors: 403 forbidden: not for you", answer.body, 1, true)
      assert.equal(200, get().status)
    end)

    if not host.gives_way then return end

    it("serves others while a call waits", function()
      if lacking then return pending(lacking) end
      local before = #service:journal()
      service:fault { operation = "list_connectors", delay = 4 }
      local slow = http.connect(url)
      slow:send("GET /connectors HTTP/1.0\r\nHost: localhost\r\n\r\n")
      local limit = socket.gettime() + SECONDS
      while #service:journal() == before and socket.gettime() < limit do socket.sleep(0.02) end
      assert.equal(BODY, get().body)
      assert.same({}, (socket.select({ slow.socket }, nil, 0))) -- it still waits
      assert.matches(BODY, slow:receive_all(), 1, true)
      assert.equal(before + 2, #service:journal())
    end)
  end)
end
