//! What lies in `deploy`: configurations that can be run, manifests that fit them and each other, an image that fits the manifests. And the
//! page for those who run it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use config::{Config, File, FileFormat};
use domain::{CODES, ES_FORBIDDEN};
use serde_json::Value;
use sluice::cli::{Cli, Command};
use sluice::plan::{IndexPlan, Plan};
use sluice::settings::{Environment, Settings, reference_page};

/// The user in the image; nothing belongs to it.
const USER: u64 = 65532;
/// Where the image and the manifests have the configuration.
const PLACE: &str = "/etc/sluice/config.yml";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

fn yaml(name: &str) -> Value {
    let file = File::from_str(&read(name), FileFormat::Yaml);
    let read = Config::builder().add_source(file).build().and_then(Config::try_deserialize);
    read.unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// A manifest of one resource; its name says which kind.
fn manifest(kind: &str) -> Value {
    let manifest = yaml(&format!("kubernetes/{}.yaml", kind.to_lowercase()));
    assert_eq!(manifest["kind"], kind);
    manifest
}

fn pod() -> Value {
    manifest("Deployment")["spec"]["template"]["spec"].clone()
}

fn container() -> Value {
    let pod = pod();
    assert_eq!(pod["containers"].as_array().unwrap().len(), 1);
    pod["containers"][0].clone()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|word| word.as_str().unwrap()).collect()
}

fn members(value: &Value) -> BTreeMap<&str, &str> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect()
}

fn plan(config: &str, environment: impl IntoIterator<Item = (String, String)>) -> Plan {
    let settings = Settings::parse(&read(config), &Environment::from_iter(environment));
    settings.and_then(Plan::try_from).unwrap_or_else(|mistakes| panic!("deploy/{config}: {mistakes}"))
}

/// The plan of the pods, with the placeholders of the secret as environment.
fn plan_of_pods() -> Plan {
    let secret = manifest("Secret");
    let variables = members(&secret["stringData"]);
    plan("kubernetes/config.yml", variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn plan_of_compose() -> Plan {
    let compose = yaml("compose.yml");
    let given = members(&compose["services"]["sluice"]["environment"]).into_keys().map(str::to_owned).collect::<Vec<_>>();
    let value = |name: &String| if name == "SALESFORCE_EMULATOR_HOST" { String::new() } else { "given".to_owned() };
    plan("compose.config.yml", given.into_iter().map(|name| (name.clone(), value(&name))))
}

/// Names of the variables that a configuration refers to, comments left out.
fn variables(config: &str) -> BTreeSet<String> {
    let text = read(config);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| line.split("${").skip(1).map(|rest| rest.split(['}', '|']).next().unwrap_or_default().to_owned())).collect()
}

/// `512Mi` in bytes.
fn bytes(quantity: &Value) -> usize {
    let text = quantity.as_str().unwrap();
    text.strip_suffix("Mi").unwrap_or_else(|| panic!("{text}")).parse::<usize>().unwrap() << 20
}

/// The words of `CMD` in the image.
fn command_of_image() -> Vec<String> {
    let dockerfile = read("Dockerfile");
    let line = dockerfile.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    serde_json::from_str(line).unwrap()
}

/// The service with that configuration file.
fn assert_serves<'a>(words: impl IntoIterator<Item = &'a str>) {
    let words: Vec<_> = words.into_iter().collect();
    let command = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}")).command;
    assert!(matches!(command, Command::Run(args) if args.config == Path::new(PLACE)), "{words:?}");
}

#[test]
fn every_configuration_can_be_run_and_has_its_admin_endpoint_where_probes_can_reach_it() {
    for plan in [plan_of_pods(), plan_of_compose()] {
        assert!(matches!(plan.index, IndexPlan::Cluster(_)));
        assert_eq!((plan.admin.ip().is_unspecified(), plan.admin.port()), (true, 9464));
    }
    let pods = plan_of_pods();
    assert_eq!(pods.service.managed.len(), 1, "one that Kibana defines");
    assert!(pods.connectors.iter().all(|connector| !connector.schedules.is_empty()), "and one that is defined here, with a schedule");
}

#[test]
fn the_secret_has_what_the_configuration_of_the_pods_asks_for_and_nothing_that_works() {
    let secret = manifest("Secret");
    let given = members(&secret["stringData"]);
    assert_eq!(given.keys().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), variables("kubernetes/config.yml"));
    assert!(given.values().all(|value| *value == "CHANGE-ME"));
    assert_eq!(container()["envFrom"][0]["secretRef"]["name"], secret["metadata"]["name"]);
}

#[test]
fn what_is_stopped_gets_more_time_than_it_takes() {
    let pod = pod();
    let grace = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
    assert!(grace >= plan_of_pods().run.drain_limit + Duration::from_secs(10), "{grace:?}");
    let compose = yaml("compose.yml");
    let grace = compose["services"]["sluice"]["stop_grace_period"].as_str().unwrap().strip_suffix('s').unwrap();
    assert!(Duration::from_secs(grace.parse().unwrap()) > plan_of_compose().run.drain_limit);
}

#[test]
fn probes_and_scrapers_ask_where_the_service_answers() {
    let (container, port) = (container(), u64::from(plan_of_pods().admin.port()));
    assert_eq!((&container["ports"][0]["name"], &container["ports"][0]["containerPort"]), (&"admin".into(), &port.into()));
    for (probe, place) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        assert_eq!((&container[probe]["httpGet"]["path"], &container[probe]["httpGet"]["port"]), (&place.into(), &"admin".into()));
    }
    let annotations = manifest("Deployment")["spec"]["template"]["metadata"]["annotations"].clone();
    assert_eq!((&annotations["prometheus.io/port"], &annotations["prometheus.io/path"]), (&port.to_string().into(), &"/metrics".into()));
    let service = manifest("Service")["spec"]["ports"][0].clone();
    assert_eq!((&service["port"], &service["targetPort"]), (&port.into(), &"admin".into()));
    assert_eq!(manifest("NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"], "admin");
    assert_eq!(strings(&yaml("compose.yml")["services"]["sluice"]["ports"]), [format!("127.0.0.1:{port}:{port}")]);
}

#[test]
fn a_pod_may_do_nothing_that_it_does_not_need() {
    let (pod, container) = (pod(), container());
    let of_pod = &pod["securityContext"];
    assert_eq!((&of_pod["runAsNonRoot"], &of_pod["seccompProfile"]["type"]), (&true.into(), &"RuntimeDefault".into()));
    assert_eq!((&of_pod["runAsUser"], &of_pod["runAsGroup"]), (&USER.into(), &USER.into()));
    let own = &container["securityContext"];
    assert_eq!((&own["allowPrivilegeEscalation"], &own["readOnlyRootFilesystem"]), (&false.into(), &true.into()));
    assert_eq!(strings(&own["capabilities"]["drop"]), ["ALL"]);
    for account in [&pod, &manifest("ServiceAccount")] {
        assert_eq!(account["automountServiceAccountToken"], false);
    }
    for service in ["sluice", "org"] {
        let service = &yaml("compose.yml")["services"][service];
        assert_eq!((&service["read_only"], strings(&service["cap_drop"])), (&true.into(), vec!["ALL"]));
    }
}

#[test]
fn a_pod_has_room_for_all_that_its_runs_may_hold() {
    let (plan, container) = (plan_of_pods(), container());
    let held = (plan.run.budget + plan.run.file_budget) * plan.service.content_syncs;
    let limit = bytes(&container["resources"]["limits"]["memory"]);
    assert!(limit >= 2 * held, "{held} bytes of records and files, and as much for what surrounds them, in {limit}");
    assert!(bytes(&container["resources"]["requests"]["memory"]) >= held);
}

#[test]
fn all_manifests_belong_together_and_are_of_this_version() {
    let kustomization = yaml("kubernetes/kustomization.yaml");
    let listed: BTreeSet<_> = strings(&kustomization["resources"]).into_iter().map(str::to_owned).collect();
    let files = std::fs::read_dir(path("kubernetes")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others = ["kustomization.yaml", "config.yml"];
    assert_eq!(listed, files.filter(|name| !others.contains(&name.as_str())).collect());
    assert_eq!(kustomization["images"][0]["newTag"], env!("CARGO_PKG_VERSION"));
    assert_eq!(kustomization["images"][0]["name"], container()["image"]);

    let label = &kustomization["labels"][0]["pairs"];
    let deployment = manifest("Deployment");
    assert_eq!(&deployment["spec"]["template"]["metadata"]["labels"], label);
    let spread = &pod()["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"];
    let (budget, policy) = (manifest("PodDisruptionBudget"), manifest("NetworkPolicy"));
    for selector in [&deployment["spec"]["selector"]["matchLabels"], &budget["spec"]["selector"]["matchLabels"], spread] {
        assert_eq!(selector, label);
    }
    assert_eq!((&policy["spec"]["podSelector"]["matchLabels"], &manifest("Service")["spec"]["selector"]), (label, label));
    assert!(budget["spec"]["maxUnavailable"].as_u64() < deployment["spec"]["replicas"].as_u64());
    assert_eq!(manifest("ServiceAccount")["metadata"]["name"], pod()["serviceAccountName"]);
}

#[test]
fn the_configuration_is_where_the_commands_look_for_it() {
    let (container, pod) = (container(), pod());
    let image = command_of_image();
    assert_serves(image.iter().map(String::as_str));
    assert_serves(strings(&container["args"]));
    let place = Path::new(PLACE);
    assert_eq!(container["volumeMounts"][0]["mountPath"].as_str().map(Path::new), place.parent());
    assert_eq!(container["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
    let generator = &yaml("kubernetes/kustomization.yaml")["configMapGenerator"][0];
    assert_eq!((&generator["name"], strings(&generator["files"])), (&pod["volumes"][0]["configMap"]["name"], vec!["config.yml"]));
    let compose = yaml("compose.yml");
    assert_eq!(strings(&compose["services"]["sluice"]["volumes"]), [format!("./compose.config.yml:{PLACE}:ro")]);
    assert!(path("compose.config.yml").is_file());
}

#[test]
fn compose_starts_what_is_waited_for_and_asks_for_every_secret() {
    let compose = yaml("compose.yml");
    let services = compose["services"].as_object().unwrap();
    let versions: BTreeSet<_> = ["elasticsearch", "setup", "kibana"]
        .iter()
        .map(|name| services[*name]["image"].as_str().unwrap().rsplit_once("{STACK_VERSION:-").unwrap().1)
        .collect();
    assert_eq!(versions.len(), 1, "{versions:?}");
    let tested = read("testbed/elasticsearch.sh");
    assert!(versions.iter().all(|version| tested.contains(&format!("ES_VERSION={}", version.trim_end_matches('}')))), "{versions:?}");
    for (name, service) in services {
        for (awaited, how) in service["depends_on"].as_object().into_iter().flatten() {
            let awaited = &services[awaited];
            let fits = match how["condition"].as_str().unwrap() {
                "service_healthy" => awaited.get("healthcheck").is_some(),
                "service_completed_successfully" => awaited["restart"] == "no",
                condition => condition == "service_started",
            };
            assert!(fits, "{name}: {how}");
        }
        for (variable, value) in service.get("environment").map(members).unwrap_or_default() {
            let secret = ["PASSWORD", "SECRET", "KEY"].iter().any(|word| variable.contains(word));
            // The simulated org's is no secret.
            let asks = value.contains(":?") || value.ends_with(":-sluice-demo-secret}");
            assert!(!secret || asks, "{name}: {variable} is {value}");
        }
    }
    let given: BTreeSet<_> = members(&services["sluice"]["environment"]).into_keys().map(str::to_owned).collect();
    assert!(variables("compose.config.yml").is_subset(&given), "{given:?}");
}

#[test]
fn the_image_is_built_by_this_compiler_for_nobody_in_particular() {
    let (dockerfile, script) = (read("Dockerfile"), read("image.sh"));
    let compiler = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST=")).unwrap();
    assert!(compiler.starts_with(&format!("{}.", env!("CARGO_PKG_RUST_VERSION"))), "{compiler}");
    assert!(dockerfile.lines().any(|line| line == format!("USER {USER}:{USER}")));
    assert!(script.lines().any(|line| line == format!("uid={USER}")));
    assert!(dockerfile.lines().any(|line| line == "STOPSIGNAL SIGTERM"));
    assert!(
        !dockerfile.lines().any(|line| line.starts_with("ENTRYPOINT")),
        "Elastic's image has none, and commands for it name the program"
    );
}

/// What stands between backticks on the page for operators, outside of its blocks.
fn spans(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn the_page_for_operators_names_what_there_is() {
    let page = read("../docs/operations.md");
    let (keys, spans) = (reference_page(), spans(&page));
    let sections = ["index.", "elasticsearch.", "salesforce.", "actors.", "run.", "service.", "admin."];
    let named: Vec<_> = spans.iter().filter(|span| sections.iter().any(|section| span.starts_with(section))).collect();
    assert!(named.len() > 20, "{named:?}");
    for key in named {
        assert!(keys.contains(&format!("| `{key}` |")), "there is no key `{key}`");
    }
    let commands: Vec<_> = spans.iter().filter(|span| span.starts_with("sluice ")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        if let Err(error) = Cli::try_parse_from(command.split(' ')) {
            assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument, "`{command}`: {error}");
        }
    }
    let words = page.split(|char: char| !char.is_ascii_alphanumeric());
    let is_code = |word: &&str| word.len() == 6 && word[2..].bytes().all(|byte| byte.is_ascii_digit());
    let codes: Vec<_> = words.filter(|word| word.is_ascii()).filter(is_code).collect();
    assert!(codes.len() >= 3, "{codes:?}");
    assert!(codes.iter().all(|id| CODES.iter().any(|code| code.id == *id)), "{codes:?}");
}

#[test]
fn the_privileges_of_the_page_for_operators_are_those_that_a_refusal_names() {
    let page = read("../docs/operations.md");
    let role: Value = serde_json::from_str(page.split("```json").nth(1).unwrap().split("```").next().unwrap()).unwrap();
    let cluster: BTreeSet<_> = strings(&role["cluster"]).into_iter().collect();
    let indices = role["indices"].as_array().unwrap();
    let of_documents: BTreeSet<_> = strings(&indices[0]["privileges"]).into_iter().collect();
    let wanted: BTreeSet<_> = ES_FORBIDDEN.next.split('`').skip(1).step_by(2).filter(|word| !word.starts_with('.')).collect();
    assert_eq!(wanted, &of_documents | &BTreeSet::from(["monitor"]));
    assert!(cluster.contains("monitor"));
    let of_state: BTreeSet<_> = strings(&indices[1]["privileges"]).into_iter().collect();
    assert!(of_state.is_subset(&of_documents));
}
