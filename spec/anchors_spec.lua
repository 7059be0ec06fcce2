-- Whom a client trusts, by where this system keeps its anchors: a bundle, and
-- a directory of hashed names beside it. The host is a program whose libcurl
-- was built with the places that a test makes; nginx is real.

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"
local quote = process.quote

local run = require("spec.support.shell").run

describe("the system's trust anchors", function()
  local service, front, stranger, directory

  setup(function()
    service = sandbox.start()
    front = nginx.start { upstream = service.url, tls = "good" }
    -- its certificate is another authority's
    stranger = nginx.start { upstream = service.url, tls = "unknown_ca" }
    directory = front.directory .. "/anchors"
  end)
  teardown(function()
    stranger:stop()
    front:stop()
    service:stop()
  end)

  -- An empty directory, and certificates by their hashes.
  local function fill(...)
    run(("rm -rf %s && mkdir %s"):format(quote(directory), quote(directory)))
    for i, path in ipairs { ... } do run(("cp %s %s/%d.pem"):format(quote(path), quote(directory), i)) end
    run("openssl rehash " .. quote(directory))
  end

  -- Runs a script in the host; `ask(url, ca_file)` gives a connector, or nil
  -- and the error.
  local function host(bundle, script, ...)
    local code = ([[
      local celigo = require "celigo"
      local FRONT, STRANGER, CA, STRANGERS_CA, DIRECTORY = %q, %q, %q, %q, %q
      local function ask(url, ca_file)
        local client <close> = celigo.new { base_url = url, token = "t", ca_file = ca_file, max_retries = 0 }
        return client:get_connector_by_id(%q)
      end
    ]]):format(front.url, stranger.url, front.ca_file, stranger.directory .. "/stranger.pem", directory, ID) .. script
    local program = assert(process.start(process.program("test_libcurl", "anchors", bundle, directory, code, ...)))
    local status, output = program:wait()
    assert.is_truthy(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
    assert.equal(0, status, output)
  end

  local function bundle_of(...)
    local path = front.directory .. "/bundle.pem"
    run("cat " .. table.concat({ ... }, " ") .. " > " .. quote(path))
    return path
  end

  it("are those of the directory, too", function()
    fill(front.ca_file)
    host(bundle_of(stranger.directory .. "/stranger.pem"), [[
      check("the bundle's", ask(STRANGER))
      check("the directory's", ask(FRONT))
      check("it is used", uses_directory())
      check("beside ca_file", ask(FRONT, STRANGERS_CA))
      check("and ca_file beside it", ask(STRANGER, STRANGERS_CA))
    ]])
  end)

  it("are not looked for in a directory that holds the bundle's own", function()
    fill(front.ca_file, stranger.directory .. "/stranger.pem")
    -- broken into other lines, and with text around it
    local bundle = bundle_of(stranger.directory .. "/stranger.pem", front.ca_file)
    run(("sed -i '1i text' %s && sed -i 's/$/\r/' %s"):format(quote(bundle), quote(bundle)))
    host(bundle, [[
      check("the bundle's", ask(FRONT))
      check("it is not used", not uses_directory())
      check("with ca_file", ask(FRONT, CA))
      check("it is not used with ca_file", not uses_directory())
    ]])
  end)

  it("are found where they come later, in the same process", function()
    fill()
    host(bundle_of(stranger.directory .. "/stranger.pem"), [[
      local value, err = ask(FRONT)
      check("a stranger", value == nil and err.code == "tls_failed")
      check("advice", tostring(err):find("a private CA goes into ca_file", 1, true))
      check("nothing there", not uses_directory())
      check("it comes", os.execute("cp '" .. CA .. "' '" .. DIRECTORY .. "/1.pem' && openssl rehash '"
        .. DIRECTORY .. "'"))
      check("it is found", ask(FRONT))
      check("it is used", uses_directory())
    ]])
  end)

  it("are those of the directory where there is no bundle", function()
    fill(front.ca_file)
    host(front.directory .. "/none.pem", [[
      check("the directory's", ask(FRONT))
      check("not others", not ask(STRANGER))
      check("with ca_file", ask(FRONT, STRANGERS_CA) and ask(STRANGER, STRANGERS_CA))
    ]])
  end)

  it("are missed by name where there are none", function()
    fill()
    host(front.directory .. "/none.pem", [[
      local value, err = ask(FRONT)
      check("nobody is trusted", value == nil)
      check("a code", err.kind == "network" and err.code == "tls_failed" and not err.retryable)
      check("what is missing", err.message:find("this system has no trust anchors", 1, true))
      check("what is not wrong", not err.message:find("ca_file holds", 1, true))
      check("ca_file will do", ask(FRONT, CA))
    ]])
  end)
end)
