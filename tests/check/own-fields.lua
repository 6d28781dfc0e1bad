-- Nothing to find: fields and branches that the playbook adds itself
playbook {
  name = "own-fields", version = "1.0.0", owner = "team", summary = "Right on purpose",
  may_change = {},
  params = { domain = param.domain "The domain", host = param.host "The host" },
  changelog = { ["1.0.0"] = "First version" },
}
local function note(into, name, value) into[name] = value end
local function judged(domain)
  local both = parallel { mx = function() return mail.inbound(domain) end }
  both.verdict = both.mx.verdict
  return both
end
function detect(p) return judged(p.domain) end
function main(p)
  local found = smtp.probe(p.host)
  found.hosts = { p.host }
  found.codes = 3
  local looks = { a = function() return 1 end }
  if p.domain ~= "" then looks.b = function() return 2 end end
  local both = parallel(looks)
  both.sum = both.a + (both.b or 0)
  local branches = { a = function() return 1 end }
  for _, name in ipairs { "c", "d" } do branches[name] = function() return name end end
  local many = parallel(branches)
  local more = parallel { a = function() return 1 end }
  note(more, "e", 1)
  finish("done", both.sum .. many.c .. found.hosts[1] .. found.codes .. more.e)
end
