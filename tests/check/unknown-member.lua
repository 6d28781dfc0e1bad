-- Members that Lua's tables do not have
playbook {
  name = "unknown-member", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local list = {}
  table.inset(list, math.floor(1.5)) -- expect: unknown-member @ inset
  local huge, odd = math.huge, math.odd(2) -- expect: unknown-member @ odd(
  finish("done", string.fromat("%s %s %s %s", p.domain, list[1], huge, odd)) -- expect: unknown-member @ fromat
end
