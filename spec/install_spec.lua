-- What is installed works away from the repository, by CMake and by LuaRocks,
-- and the version is the same wherever it is written.

local celigo = require "celigo"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local quote, run, read, lines = process.quote, shell.run, shell.read, shell.lines
local VERSION = process.version
local build = os.getenv "CELIGO_BUILD_DIR"

--- Runs Lua code with the modules below a prefix and the system's, from a
-- directory where nothing of ours is; what it printed.
local function run_installed(prefix, code)
  local lua_path = ("%s/share/lua/%s/?.lua;%s/share/lua/%s/?/init.lua;;")
    :format(prefix, VERSION, prefix, VERSION)
  return run("cd / && env -i PATH=\"$PATH\" LUA_PATH=%s LUA_CPATH=%s %s -e %s",
    quote(lua_path), quote(prefix .. "/lib/lua/" .. VERSION .. "/?.so;;"),
    quote(process.lua()), quote(code))
end

--- Uses an installed tree: every Lua file of ours is in it, and a client
-- talks to a sandbox, both from there.
local function assert_works(prefix)
  assert.same(
    lines(run("cd lua && find celigo -name '*.lua'")),
    lines(run("cd %s/share/lua/%s && find celigo -name '*.lua'",
      quote(prefix), VERSION)))
  local output = run_installed(prefix, [[
    local celigo = require "celigo"
    print(celigo._VERSION)
    local sandbox <close> = require("celigo.sandbox").start()
    local client <close> = celigo.new {
      base_url = sandbox.url, token = sandbox.token,
    }
    print(#assert(client:list_connectors()) > 0)
    print(package.searchpath("celigo.core", package.cpath))
  ]])
  assert.same({
    celigo._VERSION, "true", prefix .. "/lib/lua/" .. VERSION .. "/celigo/core.so",
  }, { output:match "^(.-)\n(.-)\n(.-)\n$" })
end

describe("installed #install", function()
  it("by cmake --install, it works", function()
    assert(build, "CELIGO_BUILD_DIR does not name the build directory")
    local root <close> = shell.scratch()
    run("cmake --install %s --prefix %s", quote(build), quote(root.path))
    assert_works(root.path)
  end)

  it("by cmake --install, its recipes work, wherever they are run", function()
    local root <close> = shell.scratch()
    run("cmake --install %s --prefix %s", quote(build), quote(root.path))
    local folder = root.path .. "/share/celigo/examples"
    assert.same(
      lines(run("cd examples && find . -name '*.lua' -not -path './embed/*'")),
      lines(run("cd %s && find . -type f", quote(folder))))
    local listing = run("ls %s/*.lua", quote(folder))
    for path in listing:gmatch "[^\n]+" do
      if not path:find "/recipe%.lua$" then
        local output = run("cd / && env -i PATH=\"$PATH\" %s %s --version", quote(process.lua()), quote(path))
        assert.equal(("%s (%s)\n"):format(path:match "([%w_]+)%.lua$", celigo._VERSION), output)
      end
    end
    local tour = run("cd %s && env -i PATH=\"$PATH\" %s quickstart.lua", quote(folder), quote(process.lua()))
    assert.is_truthy(tour:find("8. Clean up", 1, true))
  end)

  it("by cmake --install, the reference is there once it was built", function()
    if not shell.has "ldoc" then return pending "LDoc is not installed" end
    run "sh scripts/docs.sh"
    local root <close> = shell.scratch()
    run("cmake --install %s --prefix %s", quote(build), quote(root.path))
    assert.same(lines(run "ls docs/reference"), lines(run("ls %s/share/doc/celigo", quote(root.path))))
    assert.is_truthy(read(root.path .. "/share/doc/celigo/index.html"):find("celigo.client.html", 1, true))
  end)

  it("by luarocks make, it works", function()
    local root <close> = shell.scratch()
    local source, tree = root.path .. "/source", root.path .. "/tree"
    run("mkdir %s && cp -R CMakeLists.txt cmake csrc lua examples "
      .. "celigo-scm-1.rockspec %s", quote(source), quote(source))
    -- where the interpreter is a script of spec.sh's, LuaRocks wants the other
    run("cd %s && PATH=\"${CELIGO_TEST_PATH:-$PATH}\" luarocks --lua-version=%s make --deps-mode=none "
      .. "--tree=%s celigo-scm-1.rockspec", quote(source), VERSION, quote(tree))
    assert_works(tree)
    local tour = run("cd / && env -i PATH=\"$PATH\" %s %s/lib/luarocks/rocks-%s/celigo/scm-1/share/celigo/examples/"
      .. "quickstart.lua", quote(process.lua()), quote(tree), VERSION)
    assert.is_truthy(tour:find("8. Clean up", 1, true))
  end)
end)

describe("the version", function()
  local version = read "CMakeLists.txt"
    :match "project%(celigo VERSION (%d+%.%d+%.%d+)"

  it("is CMake's in the module", function()
    assert.is_string(version)
    assert.equal("celigo " .. version, celigo._VERSION)
  end)

  it("is CMake's in the change log", function()
    assert.equal(version, read "CHANGELOG.md":match "\n## %[(%d[%d.]*)%]")
  end)

  it("is CMake's where a host asks for the package", function()
    local asked = read "docs/embedding.md":match "find_package%(celigo ([%d.]+)"
    assert.equal(version:match "^%d+%.%d+", asked)
  end)

  it("is written nowhere else", function()
    local found = run("grep -rlF %s CMakeLists.txt csrc lua cmake "
      .. "celigo-scm-1.rockspec config.ld || true", quote(version))
    assert.equal("CMakeLists.txt\n", found)
  end)
end)
