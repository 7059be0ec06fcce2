-- The library for C hosts: test programs that are C hosts, and what the static
-- library has in it. Hosts that are built outside of the tree: see
-- embed_install_spec.lua.

local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local shell = require "spec.support.shell"

local assert_passes, quote, run = process.assert_passes, process.quote, shell.run
local build = assert(os.getenv "CELIGO_BUILD_DIR",
  "CELIGO_BUILD_DIR names the build's directory")

describe("a C host", function()
  it("gets a client that keeps the token from every script", function()
    local server <close> = assert(sandbox.start { journal = true })
    local echo <close> = fault.start()
    echo:script { { echo = true } }
    assert_passes(process.program("test_embed", server.url, echo.url))
  end)

  it("writes and reads the same numbers in a locale with a comma", function()
    if not shell.has "localedef" then
      pending "localedef is missing (Debian's package locales)"
      return
    end
    local dir <close> = shell.scratch()
    run("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 </dev/null", dir.path)
    local server <close> = assert(sandbox.start { journal = true })
    assert_passes { "env", "LOCPATH=" .. dir.path,
      table.unpack(process.program("test_embed", server.url, server.url, "de_DE.UTF-8")) }
  end)

  it("has a memory limit that holds", function()
    local server <close> = assert(sandbox.start { seed = 1000 })
    assert_passes(process.program("test_memory", server.url))
  end)

  it("uses many states in many threads", function()
    local server <close> = assert(sandbox.start())
    assert_passes(process.program("test_threads", server.url))
  end)
end)

describe("the library", function()
  -- What a library has no business to call.
  local unwanted = { "exit", "_exit", "abort", "printf", "puts", "putchar",
    "fprintf", "vprintf", "signal", "sigaction", "setlocale", "setenv",
    "putenv", "unsetenv", "system", "popen", "fork", "chdir",
    "curl_global_cleanup", "sprintf", "atof", "localeconv" }

  it("calls nothing that ends, prints or changes the process", function()
    local called = {}
    for name in run("nm -u %s/libceligo.a", quote(build))
      :gmatch "%sU ([%w_]+)" do
      called[name] = true
    end
    assert.is_true(called.lua_pcallk and called.curl_multi_init)
    for _, name in ipairs(unwanted) do
      assert.is_nil(called[name], name)
      assert.is_nil(called["__" .. name .. "_chk"], name)
    end
  end)

  it("opens no files but the anchors', and /dev/null", function()
    local openers = {}
    for object, name in run("nm -A -u %s/libceligo.a", quote(build))
      :gmatch ":([%w_.]+):%s+U ([%w_]+)" do
      if name:find "open" and not name:find "^cel_"
        and not name:find "^lua" then
        openers[#openers + 1] = object .. " " .. name:gsub("64$", "")
      end
    end
    assert.same({ "anchors.c.o open", "anchors.c.o openat", "anchors.c.o opendir",
      "descriptors.c.o open" }, openers)
  end)

  it("shows the functions of its headers and no others", function()
    local names = {}
    for name in run("nm -g --defined-only %s/libceligo.a", quote(build))
      :gmatch "%s[TDBR] ([%w_]+)" do
      names[#names + 1] = name
      assert.is_truthy(name:find "^cel_" or name:find "^celigo_"
        or name:find "^luaopen_celigo" or name:find "^__odr_asan", name) -- the last: AddressSanitizer's
    end
    assert.is_true(#names > 10)
  end)

  it("holds the Lua files as they are", function()
    local text = run("strings -n 12 %s/lua_files.c | head -c 200; true",
      quote(build))
    assert.is_truthy(text)
    for file in run "ls lua/celigo/*.lua":gmatch "[^\n]+" do
      local module = file:gsub("^lua/", ""):gsub("%.lua$", "")
        :gsub("/", "."):gsub("%.init$", "")
      if module ~= "celigo.types" then
        run("grep -qF %s %s/lua_files.c", quote('{"' .. module .. '",'),
          quote(build))
      end
    end
  end)
end)
