-- from names a param that there is none of
playbook {
  name = "param-from", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { 
    standby = param.host "Standby" { from = "domains[domain].standby" }, -- expect: bad-param @ standby
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.standby)
end
