-- SPDX-License-Identifier: MIT
-- The words of muster.lua: secret.file and secret.env. The chunk returns a table, or assigns globals.
local prim, env = ...
local words = {}
for name in env.pairs(env) do words[name] = true end

env.secret = {
  file = function(path) return { ["$secret"] = prim.secret("file:" .. path) } end,
  env = function(name) return { ["$secret"] = prim.secret("env:" .. name) } end,
}
words.secret = true

return function(returned)
  if returned ~= nil then
    if env.type(returned) ~= "table" then prim.misuse("the configuration is a table: return { ... }") end
    return returned
  end
  local said = {}
  for name, value in env.pairs(env) do
    if not words[name] then said[name] = value end
  end
  return said
end
