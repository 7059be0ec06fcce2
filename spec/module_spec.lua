-- The module itself: what it holds, and what it leaves alone.

local celigo = require "celigo"
local process = require "spec.support.process"

-- Runs Lua code in a process of its own; returns what it printed.
local function run(code)
  local child = assert(process.start_lua(code))
  local status, output = child:wait()
  assert.equal(0, status, output)
  return output
end

describe("the module", function()
  it("holds what its page says", function()
    for _, name in ipairs { "new", "array", "object", "is_error",
      "timestamp", "parse_timestamp" } do
      assert.equal("function", type(celigo[name]), name)
    end
    assert.equal("function", type(celigo.json.encode))
    assert.equal("function", type(celigo.json.decode))
    assert.equal(require("cjson").null, celigo.null)
    assert.equal(celigo.null, celigo.json.null)
  end)

  it("has the version of the build", function()
    local file <close> = assert(io.open("CMakeLists.txt"))
    local version = file:read("a"):match(
      "project%(celigo VERSION (%d+%.%d+%.%d+)")
    assert.equal("celigo " .. version, celigo._VERSION)
    assert.equal("celigo 0.2.0", celigo._VERSION)
  end)

  it("sets no globals and changes none", function()
    assert.equal("same", run [[
      local before = {}
      for name, value in pairs(_G) do before[name] = value end
      local string_before = {}
      for name, value in pairs(string) do string_before[name] = value end
      local celigo = require "celigo"
      local client <close> = celigo.new { token = "t" }
      for name, value in pairs(_G) do
        assert(before[name] == value, name)
        before[name] = nil
      end
      for name in pairs(string) do assert(string_before[name], name) end
      assert(next(before) == nil)
      assert(getmetatable(_G) == nil)
      print "same"
    ]])
  end)

  it("needs no other module", function()
    assert.equal("celigo", run [[
      table.insert(package.searchers, 1, function(name)
        if not name:find("^celigo") then error("asked for " .. name) end
      end)
      local celigo = require "celigo"
      local client <close> = celigo.new { token = "t" }
      print((celigo._VERSION:match("^%a+")))
    ]])
  end)

  it("may be required again, and forgotten", function()
    assert.equal("done", run [[
      local first = require "celigo"
      assert(require "celigo" == first)
      local one = first.new { token = "t" }
      for name in pairs(package.loaded) do
        if name:find("^celigo") then package.loaded[name] = nil end
      end
      local second = require "celigo"
      local two = second.new { token = "t" }
      one:close()
      collectgarbage()
      local _, err = one:list_connectors()
      assert(second.is_error(err), "the newest module makes the errors")
      two:close()
      print "done"
    ]])
  end)

  it("prints nothing and leaves the process alone", function()
    assert.equal("", run [[
      local celigo = require "celigo"
      local client = celigo.new { token = "t",
                                  base_url = "http://127.0.0.1:1",
                                  max_retries = 0 }
      client:list_connectors()
      client:submit("list_connectors")
      client = nil
    ]])
  end)

  it("may be loaded in a coroutine", function()
    assert.equal("true", run [[
      print(coroutine.wrap(function()
        local celigo = require "celigo"
        local client <close> = celigo.new { token = "t",
          base_url = "http://127.0.0.1:1", max_retries = 0 }
        local _, err = client:list_connectors()
        return err.kind == "network"
      end)())
    ]])
  end)

  it("loads nothing after celigo.client", function()
    assert.equal(
      "network network",
      run [[
      local celigo = require "celigo"
      require "celigo.client"
      package.path, package.cpath, package.preload = "", "", {}
      for i = #package.searchers, 1, -1 do package.searchers[i] = nil end
      local null = assert(io.open("/dev/null", "w"))
      local client <close> = celigo.new {
        token = "t", base_url = "http://127.0.0.1:1", max_retries = 0, on_event = celigo.log(null) }
      local _, err = client:list_connectors()
      assert(celigo.is_error(err))
      client:map({ 1 }, function() end)
      client:edit_connector("54fa0b38a7044f9252000036", function() end)
      local _, raised = pcall(function() for _ in client:each_connector() do end end)
      print(err.kind .. " " .. raised.kind)
    ]]
    )
  end)

  it("works where a script has no environment", function()
    assert.equal("true\tfalse", run [[
      local celigo = require "celigo"
      os = nil
      local client = celigo.new { token = "t" }
      print(tostring(client) == "celigo.client: https://api.integrator.io",
            (pcall(celigo.new)))
    ]])
  end)

  -- Any other Lua that is there: LuaRocks brings 5.1 on Debian.
  it("says which Lua it is for", function()
    local other
    for _, name in ipairs { "lua5.1", "lua5.2", "lua5.3", "luajit" } do
      if not other and os.execute("command -v " .. name .. " >/dev/null 2>&1") then other = name end
    end
    if not other then return pending "there is no Lua but this one" end
    local code = ("package.path = %q package.cpath = %q require 'celigo'"):format(package.path, package.cpath)
    local status, output = process.start({ other, "-e", code }):wait()
    assert.not_equal(0, status)
    assert.matches("^%S+: celigo is for Lua 5.4 and 5.5, and this program runs Lua 5.[123]\n", output)
  end)

  it("says that a program hides its Lua", function()
    if process.instrumented then return pending(process.instrumented) end
    local program = os.tmpname()
    local flags = ("$(pkg-config --cflags lua%s) -l:liblua%s.a -lm -ldl"):format(process.version, process.version)
    local file <close> = assert(io.open(program .. ".c", "w"))
    file:write [[
      #include <lauxlib.h>
      #include <lualib.h>
      #include <stdio.h>
      int main(int argc, char **argv) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        if (argc != 2 || luaL_dostring(L, argv[1]) == LUA_OK)
          return 0;
        puts(lua_tostring(L, -1));
        return 1;
      }
    ]]
    file:close()
    finally(function()
      os.remove(program)
      os.remove(program .. ".c")
    end)
    if not os.execute(("cc -o %s %s.c %s 2>/dev/null"):format(program, program, flags)) then
      return pending "there is no static library of this Lua"
    end
    local code = ("package.path = %q package.cpath = %q require 'celigo'"):format(package.path, package.cpath)
    local status, output = process.start({ program, code }):wait()
    assert.equal(1, status)
    assert.matches("^celigo is a C module for Lua 5.4 or 5.5, and this program hides the functions of the Lua in it",
      output)
    assert.matches("undefined symbol: lua_%a+", output)
  end)
end)
