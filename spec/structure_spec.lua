-- scripts/structure.lua holds the layers of csrc/ (docs/design.md): what it
-- says of small trees that have one fault each.

local process = require "spec.support.process"

local quote = process.quote

local GOOD = {
  ["common/buf.h"] = "int cel_buf(void);",
  ["common/buf.c"] = '#include "common/buf.h"\nint cel_buf(void) { return 1; }',
  ["common/lbox.h"] = "#include <lua.h>",
  ["http/http.h"] = '#include "common/buf.h"\nint cel_http(void);',
  ["http/http.c"] = '#include "http/http.h"\nint cel_http(void) { return cel_buf(); }',
  ["engine/pump.h"] = '#include "http/http.h"\nint cel_pump(void);',
  ["engine/pump.c"] = '#include "engine/pump.h"\nint cel_pump(void) { return cel_http(); }',
  ["client/lstep.c"] = '#include <lua.h>\n#include "engine/pump.h"\nint cel_step(void) { return cel_pump(); }',
}

-- Files that take the place of those above, or stand beside them, and what is
-- said of them.
local faulty = {
  ["an upward include"] = { { ["http/http.h"] = '#include "engine/queue.h"', ["engine/queue.h"] = "" },
    "http/http.h includes engine/queue.h, which stands in a folder above it" },
  ["an upward call without an include"] = {
    { ["common/buf.c"] = "int cel_http(void);\nint cel_buf(void) { return cel_http(); }" },
    "common/buf.c uses cel_http of http/http.c, which stands in a folder above it" },
  ["an upward use of a variable"] = {
    { ["common/buf.c"] = "extern int cel_table[];\nint cel_buf(void) { return cel_table[0]; }",
      ["engine/pump.c"] = "int cel_table[2] = { 1, 2 };" },
    "common/buf.c uses cel_table of engine/pump.c, which stands in a folder above it" },
  ["a circle of calls in a folder"] = {
    { ["engine/pump.c"] = "int cel_queue(void);\nint cel_pump(void) { return cel_queue(); }",
      ["engine/queue.c"] = "int cel_pump(void);\nint cel_queue(void) { return cel_pump(); }" },
    "a circle of files: engine/pump -> engine/queue -> engine/pump" },
  ["a circle of includes"] = {
    { ["engine/pump.h"] = '#pragma once\n#include "engine/queue.h"',
      ["engine/queue.h"] = '#pragma once\n#include "engine/pump.h"',
      ["engine/pump.c"] = "int cel_pump(void) { return 0; }" },
    "a circle of files: engine/pump -> engine/queue -> engine/pump" },
  ["a circle of a header and another's .c"] = {
    { ["engine/pump.h"] = '#include "engine/queue.h"\n',
      ["engine/pump.c"] = "int cel_pump(void) { return 0; }",
      ["engine/queue.h"] = "int cel_queue(void);",
      ["engine/queue.c"] = "int cel_pump(void);\nint cel_queue(void) { return cel_pump(); }" },
    "a circle of files: engine/pump -> engine/queue -> engine/pump" },
  ["a Lua header in the engine"] = { { ["engine/pump.c"] = "#include <lua.h>\nint cel_pump(void) { return 0; }" },
    "engine/pump.c knows Lua: engine/pump.c has lua.h" },
  ["a Lua header behind another"] = {
    { ["http/http.c"] = '#include "common/lbox.h"\nint cel_http(void) { return 0; }' },
    "http/http.c knows Lua: common/lbox.h has lua.h" },
  ["a function of Lua's without its header"] = {
    { ["common/buf.c"] = "int lua_gettop(void);\nint cel_buf(void) { return lua_gettop(); }" },
    "common/buf.c knows Lua: common/buf.c has lua_gettop" },
  ["a binding in the engine"] = { { ["engine/lpump.c"] = "int cel_lpump(void) { return 0; }" },
    "engine/lpump.c: no file of engine/ is a binding" },
  ["a folder that nobody knows"] = { { ["other/x.c"] = "int cel_x(void) { return 0; }" },
    "other/x.c: no layer is known for this folder" },
}

-- Newer compilers take no call without a declaration, unless they are told to.
local FLAGS <const> = "-w -Wno-implicit-function-declaration"

local function write(path, text)
  assert(os.execute("mkdir -p " .. quote(path:match "^(.*)/")))
  local file <close> = assert(io.open(path, "w"))
  file:write(text, "\n")
end

-- Whether a tree passes, and what is said of it. Nothing is compiled for a
-- file that `left_out` names.
local function judge(files, left_out)
  local root = os.tmpname()
  os.remove(root)
  local tree = {}
  for name, text in pairs(GOOD) do tree[name] = text end
  for name, text in pairs(files) do tree[name] = text end
  write(root .. "/lua/lua.h", "")
  for name, text in pairs(tree) do write(root .. "/csrc/" .. name, text) end
  for name in pairs(tree) do
    if name:find "%.c$" and name ~= left_out then
      local object = ("%s/build/csrc/%s.o"):format(root, name)
      assert(os.execute(("mkdir -p %s && cd %s && ${CC:-cc} %s -Icsrc -Ilua -c csrc/%s -o %s"):format(
        quote(object:match "^(.*)/"), quote(root), FLAGS, name, quote(object))))
    end
  end
  local pipe = assert(io.popen(("script=$PWD/scripts/structure.lua; cd %s && %s \"$script\" build csrc 2>&1"):format(
    quote(root), quote(process.lua()))))
  local output = pipe:read "a"
  local good = pipe:close()
  os.execute("rm -rf " .. quote(root))
  return good, output
end

describe("the structure of csrc/", function()
  it("is fine where files use those of their folder and of lower ones", function()
    local good, output = judge {}
    assert.is_true(good, output)
    assert.equal("8 files, 0 faults\n", output)
  end)

  for name, row in pairs(faulty) do
    it("does not allow " .. name, function()
      local good, output = judge(row[1])
      assert.is_falsy(good)
      assert.is_truthy(output:find(row[2], 1, true), output)
    end)
  end

  it("is not judged without a file's symbols", function()
    local good, output = judge({}, "http/http.c")
    assert.is_falsy(good)
    assert.is_truthy(output:find("http/http.c: build holds no object file of it", 1, true), output)
  end)
end)
