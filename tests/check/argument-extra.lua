-- One value too many
playbook {
  name = "argument-extra", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = zone.mx(p.domain, "MX") -- expect: extra-argument @ "MX"
  finish("done", r.why)
end
