//! What holds for every operation, written into the description once: which keys answers always have, and how
//! problems look.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

/// Completes a description that was read off the handlers.
pub fn complete(api: &mut OpenApi) {
    let text = serde_json::to_value(&*api).unwrap_or_default();
    let (asked, answered) = reached(&text);
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            add_problem(operation);
        }
    }
    let Some(components) = &mut api.components else { return };
    for (name, schema) in &mut components.schemas {
        if answered.contains(name) && !asked.contains(name) {
            always_whole(schema);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|o| (method, o)))
}

/// `get_contacts_id_timeline`: the names of the handlers are not unique, and clients need names that are.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Every operation can answer with a problem.
fn add_problem(operation: &mut Operation) {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
    let problem =
        ResponseBuilder::new().description("What is wrong and what can be done").content("application/problem+json", body);
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.build()));
}

/// Answers leave no key out: what is not there is null.
fn always_whole(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.required = object.properties.keys().cloned().collect();
            object.properties.values_mut().for_each(always_whole);
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                always_whole(items);
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(always_whole),
        Schema::OneOf(one) => one.items.iter_mut().for_each(always_whole),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(always_whole),
        _ => {}
    }
}

/// The names of the schemas that requests may send and that answers may hold.
fn reached(api: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    let items = api["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    for operation in items.filter_map(Value::as_object).flat_map(|item| item.values()) {
        follow(api, &operation["requestBody"], &mut asked);
        follow(api, &operation["responses"], &mut answered);
    }
    (asked, answered)
}

fn follow(api: &Value, part: &Value, known: &mut BTreeSet<String>) {
    match part {
        Value::Object(keys) => {
            if let Some(name) = keys.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/components/schemas/"))
                && known.insert(name.to_owned())
            {
                follow(api, &api["components"]["schemas"][name], known);
            }
            keys.values().for_each(|value| follow(api, value, known));
        }
        Value::Array(list) => list.iter().for_each(|value| follow(api, value, known)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn api() -> Value {
        serde_json::to_value(crate::native::openapi()).unwrap()
    }

    #[test]
    fn no_two_shapes_share_a_name() {
        // The emails' preview and the segments' preview once described each other.
        let api = api();
        for (path, key) in [("/emails/preview", "subject"), ("/segments/preview", "conditions"), ("/pages/preview", "html")] {
            let schema = &api["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap();
            assert!(api["components"]["schemas"][name]["properties"][key].is_object(), "{path} answers with {name}");
        }
        let mut seen = std::collections::BTreeMap::new();
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/native")).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("ToSchema)]") {
                let after = &text[at..];
                let Some(name) = after.split("struct ").nth(1).and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
                else {
                    continue;
                };
                if let Some(other) = seen.insert(name.to_owned(), (path.clone(), at))
                    && other.0 != path
                {
                    panic!("{name} is described in {} and in {}", other.0.display(), path.display());
                }
            }
        }
    }

    #[test]
    fn no_two_operations_share_a_name() {
        let mut seen = std::collections::BTreeSet::new();
        for (path, item) in api()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(seen.insert(id), "{method} {path} has the name of another one");
            }
        }
    }

    #[test]
    fn answers_always_have_all_their_keys_and_requests_need_not() {
        let schemas = &api()["components"]["schemas"];
        let required = |name: &str, key: &str| schemas[name]["required"].as_array().is_some_and(|all| all.contains(&key.into()));
        assert!(required("ContactOut", "email"));
        assert!(!required("SegmentIn", "name"));
    }

    #[test]
    fn every_operation_says_how_problems_look() {
        let api = api();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            }
        }
    }
}
