-- Members that Lua's tables do not have
playbook {
  name = "unknown-member", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local s = string
function main(p)
  step(s.fromat("%s", p.domain)) -- expect: unknown-member @ fromat
  step(p.domain:gusb("s", "")) -- expect: unknown-member @ gusb
  step(("x"):rep(3) .. s.format("%s", p.domain:gsub("s", "")))
  local list = {}
  table.inset(list, math.floor(1.5)) -- expect: unknown-member @ inset
  local huge, odd = math.huge, math.odd(2) -- expect: unknown-member @ odd(
  finish("done", string.fromat("%s %s %s %s", p.domain, list[1], huge, odd)) -- expect: unknown-member @ fromat
end
