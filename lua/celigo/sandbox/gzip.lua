--- gzip (RFC 1952) for the sandbox's answers: by lua-zlib where it is
-- installed, else in stored blocks, which every decoder reads and which save
-- nothing.

local has_zlib, zlib = pcall(require, "zlib")
has_zlib = has_zlib and type(zlib) == "table" and type(zlib.deflate) == "function"

local gzip = {}

local MAX_BLOCK = 65535 -- bytes in a stored block

local CRC = {} -- of each byte, reflected polynomial 0xEDB88320
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do crc = (crc & 1 == 1) and (crc >> 1) ~ 0xEDB88320 or crc >> 1 end
  CRC[byte] = crc
end

local function crc32(bytes)
  local crc = 0xFFFFFFFF
  for i = 1, #bytes do crc = (crc >> 8) ~ CRC[(crc ~ bytes:byte(i)) & 0xFF] end
  return crc ~ 0xFFFFFFFF
end

--- gzip in stored blocks, in Lua alone.
function gzip.store(bytes)
  -- Deflate, no flags, no time, no hints, unknown system.
  local parts = { "\x1F\x8B\x08\0\0\0\0\0\0\xFF" }
  local pos = 1
  repeat
    local block = bytes:sub(pos, pos + MAX_BLOCK - 1)
    pos = pos + #block
    local final = pos > #bytes
    parts[#parts + 1] = string.pack("<BI2I2", final and 1 or 0, #block, ~#block & 0xFFFF)
    parts[#parts + 1] = block
  until final
  parts[#parts + 1] = string.pack("<I4I4", crc32(bytes), #bytes & 0xFFFFFFFF)
  return table.concat(parts)
end

--- gzip, by lua-zlib if there is one.
function gzip.encode(bytes)
  if has_zlib then
    local GZIP_WINDOW = 15 + 16
    return (zlib.deflate(6, GZIP_WINDOW)(bytes, "finish"))
  end
  return gzip.store(bytes)
end

--- Whether an Accept-Encoding value takes gzip (RFC 9110, section 12.5.3).
function gzip.accepted(value)
  local any = false
  for coding in (value or ""):lower():gmatch "[^,]+" do
    local name = coding:match "^%s*([^%s;]+)"
    local weight = tonumber(coding:match ";%s*q%s*=%s*([%d.]+)" or 1)
    if name == "gzip" or name == "x-gzip" then
      return weight ~= nil and weight > 0
    elseif name == "*" then
      any = weight ~= nil and weight > 0
    end
  end
  return any
end

return gzip
