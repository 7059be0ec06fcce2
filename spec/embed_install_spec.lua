-- Hosts that are built outside of the tree, against what was installed and
-- against the shared library.

local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local shell = require "spec.support.shell"

local quote, run, try = process.quote, shell.run, shell.try
local VERSION = process.version
local build = assert(os.getenv "CELIGO_BUILD_DIR",
  "CELIGO_BUILD_DIR names the build's directory")

describe("the shared library #install", function()
  it("shows what celigo.h declares, and serves a host", function()
    local dir <close> = shell.scratch()
    local server <close> = assert(sandbox.start())
    run("cmake -S . -B %s/b -DCELIGO_SHARED=ON -DCMAKE_BUILD_TYPE=Debug",
      dir.path)
    run("cmake --build %s/b --target celigo_shared", dir.path)
    local names = {}
    for name in run("nm -D --defined-only %s/b/libceligo.so", dir.path)
      :gmatch " T ([%w_]+)" do
      names[#names + 1] = name
    end
    table.sort(names)
    assert.same({ "celigo_push_client", "celigo_version", "luaopen_celigo",
      "luaopen_celigo_base", "luaopen_celigo_core" }, names)
    run("cc $CFLAGS -o %s/host -Icsrc -D_POSIX_C_SOURCE=200809L "
      .. "examples/embed/host.c %s/b/libceligo.so -Wl,-rpath,%s/b "
      .. "$(pkg-config --cflags --libs lua%s || pkg-config --cflags --libs lua)",
      dir.path, dir.path, dir.path, VERSION)
    local output = run("env -i CELIGO_API_TOKEN=t CELIGO_BASE_URL=%s "
      .. "%s/host examples/embed/report.lua", server.url, dir.path)
    assert.is_truthy(output:find("licenses", 1, true), output)
  end)
end)

describe("what was installed #install", function()
  local root, prefix, server, lua_flags, environment

  setup(function()
    root = shell.scratch()
    prefix = root.path .. "/prefix"
    run("cmake --install %s --prefix %s", quote(build), quote(prefix))
    -- away from where it was said to go: the package finds itself
    run("mv %s %s/moved", quote(prefix), quote(root.path))
    prefix = root.path .. "/moved"
    for _, name in ipairs { "lua" .. VERSION, "lua-" .. VERSION, "lua" .. VERSION:gsub("%.", ""), "lua" } do
      local flags, good = try("pkg-config --cflags --libs %s", name)
      if good then
        lua_flags = flags:gsub("%s+$", "")
        break
      end
    end
    assert(lua_flags, "pkg-config knows no Lua " .. VERSION)
    environment = ("PKG_CONFIG_PATH=$(dirname $(find %s -name celigo.pc))")
      :format(quote(prefix))
    server = assert(sandbox.start())
  end)

  teardown(function()
    server:stop()
    getmetatable(root).__close(root)
  end)

  -- Compiles a host by pkg-config; further flags before the rest, and those of
  -- the environment, as CMake takes them (a sanitizer's). A shared library,
  -- where there is one, is found again by the host.
  local function compile(compiler, source, name, flags, lua)
    return try("%s; export PKG_CONFIG_PATH; %s $CFLAGS %s -o %s/%s %s "
      .. "$(pkg-config --cflags --libs celigo) "
      .. "-Wl,-rpath,$(pkg-config --variable=libdir celigo) %s",
      environment, compiler, flags, root.path, name, quote(source),
      lua or lua_flags)
  end

  -- Whether a program in C can call the Lua of these flags.
  local function has_c_names(flags)
    local source = root.path .. "/c_names.cpp"
    local file <close> = assert(io.open(source, "w"))
    file:write "#include <lua.hpp>\nint main() { lua_close(luaL_newstate()); }\n"
    file:close()
    return (select(2, try("c++ $CFLAGS -o %s/c_names %s %s", root.path, source, flags)))
  end

  local function run_host(host, script, ...)
    return try("cd / && env -i CELIGO_API_TOKEN=of-the-host-0123 "
      .. "CELIGO_BASE_URL=%s %s %s %s", server.url, quote(host),
      quote(script), table.concat({ ... }, " "))
  end

  local function write(name, code)
    local path = root.path .. "/" .. name
    local file <close> = assert(io.open(path, "w"))
    assert(file:write(code))
    return path
  end

  local pwd = run "pwd":gsub("\n", "")

  local function assert_runs(host)
    local report, good = run_host(host, pwd .. "/examples/embed/report.lua")
    assert.is_true(good, report)
    assert.is_truthy(report:find "licenses", report)
    local _, rows = report:gsub("\n", "")
    assert.equal(4, rows, report) -- the sandbox's connectors
  end

  it("builds the example by CMake", function()
    run("cp -r examples/embed %s/source", quote(root.path))
    run("cmake -S %s/source -B %s/by_cmake -DCMAKE_PREFIX_PATH=%s",
      root.path, root.path, quote(prefix))
    run("cmake --build %s/by_cmake", root.path)
    assert_runs(root.path .. "/by_cmake/host")
  end)

  it("builds the example by pkg-config", function()
    local output, good = compile("cc", "examples/embed/host.c", "host",
      "-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror")
    assert.is_true(good, output)
    assert_runs(root.path .. "/host")
  end)

  it("keeps a script of the example within its limits", function()
    local host = root.path .. "/host"
    local output, good = run_host(host, write("memory.lua",
      "local t = {} for i = 1, 1e9 do t[i] = i .. 'x' end"))
    assert.is_false(good)
    assert.is_truthy(output:find "not enough memory", output)
    output, good = run_host(host, write("error.lua",
      "assert(client:get_connector_by_id 'ffffffffffffffffffffffff')"))
    assert.is_false(good)
    assert.is_truthy(output:find("host: .*error.lua:1: GET /v1/connectors/f+: 404"), output)
    output, good = run_host(host, write("arguments.lua",
      "local a, b = ... assert(a == 'x' and b == 'y' and not os and not io "
      .. "and not debug and not require and not celigo) print 'fine'"), "x", "y")
    assert.equal("fine\n", output)
    assert.is_true(good)
  end)

  it("ends a script of the example whose time is up", function()
    local built, fine = compile("cc", "examples/embed/host.c", "hasty",
      "-std=c11 -D_POSIX_C_SOURCE=200809L -DTIME_LIMIT=0.1")
    assert.is_true(fine, built)
    local output, good = run_host(root.path .. "/hasty",
      write("endless.lua", "while true do end"))
    assert.is_false(good)
    assert.is_truthy(output:find "the script's time is up", output)
    for name, code in pairs {
      catches = "while true do pcall(function() while true do end end) end",
      nested = "local function f() while true do pcall(f) end end f()",
      coroutines = "while true do coroutine.wrap(function() pcall(function() while true do end end) end)() end",
      calls = "while true do pcall(client.list_connectors, client) end",
      encodes = "while true do local t = {1} for _ = 1, 60 do t = { t, t } end "
        .. "pcall(client.request, client, { method = 'POST', path = '/v1/x', body = t }) end",
    } do
      output, good = run_host(root.path .. "/hasty", write(name .. ".lua", code))
      assert.is_false(good, name)
      assert.is_truthy(output:find "the script's time is up", output)
    end
  end)

  it("is good for C++", function()
    if not shell.has "c++" then
      pending "a C++ compiler is missing"
      return
    end
    local output, good = compile("c++", "spec/c/host.cpp", "cpp",
      "-std=c++11 -Wall -Wextra -Wpedantic -Werror")
    assert.is_true(good, output)
    process.assert_passes { root.path .. "/cpp", server.url, pwd .. "/spec/c/scripts/cpp.lua" }
  end)

  it("passes the exceptions of a Lua built as C++", function()
    local flags, there = try("pkg-config --cflags --libs lua%s-c++", VERSION)
    if not (there and shell.has "c++") then
      pending "a Lua built as C++ is missing (Debian 12's liblua5.4-dev has it)"
      return
    end
    flags = flags:gsub("%s+$", "")
    if not has_c_names(flags) then
      pending "this system's Lua built as C++ has C++ names"
      return
    end
    local output, good = compile("c++", "spec/c/host.cpp", "cpp_lua", "-std=c++11", flags)
    assert.is_true(good, output)
    process.assert_passes { root.path .. "/cpp_lua", server.url, pwd .. "/spec/c/scripts/cpp.lua" }
  end)

  it("is refused by the linker where Lua's functions have C++ names", function()
    local flags, there = try("pkg-config --cflags --libs lua%s-c++", VERSION)
    flags = flags:gsub("%s+$", "")
    if not (there and shell.has "c++") or has_c_names(flags) then
      pending "a Lua whose functions have C++ names is missing (Debian 13's liblua5.4-dev has it)"
      return
    end
    local output, good = compile("c++", "spec/c/host.cpp", "cpp_linked", "-std=c++11", flags)
    assert.is_false(good)
    assert.is_truthy(output:find("undefined reference to `lua_pcallk'", 1, true), output)
  end)

  it("refuses a Lua whose functions have C++ names", function()
    if not shell.has "c++" then
      pending "a C++ compiler is missing"
      return
    end
    -- Lua's headers as they come; some systems make C names of them all
    local include = lua_flags:match "%-I(%S+)"
    run("mkdir %s/include && cp %s/*.h %s/*.hpp %s/include", root.path,
      include, include, root.path)
    run("sed -i.before 's/extern \"C\"/extern/' %s/include/luaconf.h",
      root.path)
    local output, good = compile("c++", "spec/c/host.cpp", "cpp_names",
      ("-std=c++11 -DCXX_NAMES -I%s/include"):format(root.path))
    assert.is_false(good)
    assert.is_truthy(output:find "lua_gettop", output)
    assert.is_nil(output:find("undefined reference", 1, true), output)
  end)
end)
