-- Servers and proxies that answer with what they were sent, in errors: no
-- piece of the token is shown, nor of what the proxy is told.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"

local TOKEN = 'q7/Zr+4k=0aX"9<Lm_Wc.T5'
local RUN = 8 -- bytes in a row that may not be seen

-- Whether a text holds a run of a secret; all texts of an error are looked at.
local function shows(secret, value)
  if type(value) == "table" then
    for _, v in pairs(value) do
      if shows(secret, v) then return true end
    end
  elseif type(value) == "string" then
    for at = 1, #secret - RUN + 1 do
      if value:find(secret:sub(at, at + RUN - 1), 1, true) then return true end
    end
  end
  return false
end

describe("what a server shows of a request", function()
  local server

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)

  it("has no piece of the token, wherever it is cut and however it is escaped", function()
    local client <close> = celigo.new { base_url = server.url, token = TOKEN, max_retries = 0 }
    server:script { { echo = true, status = 400 } }
    local masked = 0
    for _, as in ipairs { "json", "json2", "percent", "html" } do
      for at = 1, 150, as == "json" and 1 or 5 do
        for _, cut in ipairs { { 1, at }, { at, 512 } } do
          local value, err = client:request { path = ("/v1/x?from=%d&to=%d&as=%s"):format(cut[1], cut[2], as) }
          assert.is_nil(value)
          assert.equal(400, err.status)
          local body = err.body
          if body:find("*******", 1, true) then masked = masked + 1 end
          assert.is_false(shows(TOKEN, err))
          body = body:gsub("&#(%d+);", function(n) return string.char(n) end)
          body = body:gsub("%%(%x%x)", function(n) return string.char(tonumber(n, 16)) end)
          assert.is_false(shows(TOKEN, (body:gsub("\\", ""))))
          assert.is_false(shows(TOKEN, tostring(err)))
        end
      end
    end
    assert.is_true(masked > 200)
    assert.equal("Bearer " .. TOKEN, server:requests()[1].headers.authorization)
  end)

  it("has nothing of what a proxy is told", function()
    local url = server.url:gsub("//", "//someone:pass%%2Fword-42@")
    local client <close> = celigo.new { base_url = "http://127.0.0.1:1", token = TOKEN, proxy = url, max_retries = 0 }
    server:script { { echo = true, status = 502 } }
    local _, err = client:request { path = "/v1/x?from=1&to=512&as=json" }
    assert.equal(502, err.status)
    local sent = server:requests()[1].headers["proxy-authorization"]
    assert.equal("Basic c29tZW9uZTpwYXNzL3dvcmQtNDI=", sent)
    assert.is_truthy(err.body:find("Basic *****", 1, true), err.body)
    for _, secret in ipairs { "c29tZW9uZTpwYXNzL3dvcmQtNDI=", "pass/word-42", TOKEN } do
      assert.is_false(shows(secret, err))
    end
    server:script { { status = 502, body = '{"message":"wrong: pass/word-42, pass\\/word-42, pass%2Fword-42"}' } }
    _, err = client:request { path = "/v1/x" }
    assert.equal("wrong: ************, *************, **************", err.message)
  end)
end)
