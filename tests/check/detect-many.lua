-- What branches found, one by one, is no verdict of it all
playbook {
  name = "detect-many", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { domain = param.domain "The domain", hosts = param.list(param.host) "Its hosts" },
  changelog = { ["1.0.0"] = "First version" },
}
local function look_at_all(hosts) return each(hosts, smtp.probe) end -- expect: no-verdict @ each
function detect(p)
  if #p.hosts > 3 then return look_at_all(p.hosts) end
  local both = parallel {
    inbound = function() return mail.inbound(p.domain) end,
    host = function() return smtp.probe(p.hosts[1]) end,
  }
  return both -- expect: no-verdict @ both
end
function main(p) finish("done", p.domain) end
