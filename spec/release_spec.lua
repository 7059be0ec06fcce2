-- What a release is made of: rockspecs, and what each says.

local function load_rockspec(path)
  local rockspec = {}
  assert(loadfile(path, "t", rockspec))()
  return rockspec
end

local function rockspecs()
  local pipe <close> = assert(io.popen "ls celigo-*.rockspec")
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path end
  return paths
end

local scm = load_rockspec "celigo-scm-1.rockspec"

describe("the rockspec", function()
  for _, path in ipairs(rockspecs()) do
    it(path .. " builds what the repository's builds", function()
      local rockspec = load_rockspec(path)
      assert.equal(path, ("%s-%s.rockspec"):format(rockspec.package, rockspec.version))
      for _, name in ipairs { "rockspec_format", "package", "description", "dependencies", "build" } do
        assert.same(scm[name], rockspec[name], name)
      end
      local version = rockspec.version:match "^(%d.*)%-%d+$"
      assert.equal(version and "v" .. version, rockspec.source.tag)
    end)
  end

  it("of a release is there, and the change log knows its version", function()
    local file <close> = assert(io.open "CHANGELOG.md")
    local log, releases = file:read "a", 0
    for _, path in ipairs(rockspecs()) do
      local version = path:match "^celigo%-(%d.*)%-%d+%.rockspec$"
      if version then
        releases = releases + 1
        assert.is_truthy(log:find(("\n[%s]: "):format(version), 1, true), version)
        local date = assert(log:match(("\n## %%[%s%%] %%- (%%S+)\n"):format((version:gsub("%.", "%%.")))), version)
        local has_address = not load_rockspec(path).source.url:find "//example%.org/"
        assert.is_true(date == "unreleased" or has_address, path .. ": source.url stands for no repository")
      end
    end
    assert.is_true(releases > 0)
  end)
end)
