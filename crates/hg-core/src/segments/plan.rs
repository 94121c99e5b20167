//! A checked filter, taken apart into leaves and ready to be answered.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;
use roaring::RoaringBitmap;

use crate::contacts::FieldCatalogue;
use crate::ids::{SegmentId, TagId};
use crate::segments::build::{Draft, build};
use crate::segments::dates::next_midnight;
use crate::segments::{
    Bounds, ColumnRef, ColumnTest, DateTest, Filter, FilterError, Leaf, Match, Quantifier, Question, Relation, RowTest, Rule,
};
use crate::time::Timestamp;

/// How the answers of the leaves come together.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Leaf(usize),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A filter without conditions: nobody belongs to it but by hand.
    Nobody,
}

/// A filter that passed its checks.
#[derive(Debug, Clone)]
pub struct Plan {
    pub root: Node,
    pub leaves: Vec<Leaf>,
    /// The columns that the leaves read; a leaf names them by their place here.
    pub columns: Vec<ColumnRef>,
    /// The pointer of each condition and its leaf.
    pub conditions: Vec<(String, usize)>,
    filter: Filter,
}

/// A plan's dates, resolved for one `now`.
#[derive(Debug, Clone)]
pub struct Moment {
    pub now: Timestamp,
    pub zone: TimeZone,
    pub(super) bounds: Vec<Option<Bounds>>,
    /// For each leaf those of the values of its rows.
    pub(super) value_bounds: Vec<Vec<Option<Bounds>>>,
}

impl Moment {
    /// What the dates of a leaf come to.
    pub fn bounds(&self, leaf: usize) -> Option<&Bounds> {
        self.bounds.get(leaf).and_then(Option::as_ref)
    }
}

/// What a filter's answer depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies {
    /// Columns of the contact, by alias.
    pub columns: BTreeSet<String>,
    pub relations: BTreeSet<Relation>,
    pub segments: BTreeSet<SegmentId>,
    /// Membership of any segment counts, whether it is named or not.
    pub any_segment: bool,
    /// The same for segments of companies.
    pub any_company_segment: bool,
    pub tags: BTreeSet<TagId>,
    /// Emails, forms and pages that are named, with the relation in which they are.
    pub objects: BTreeSet<(Relation, i64)>,
    /// The answer may change at midnight.
    pub daily: bool,
    /// The answer may change at any instant.
    pub clock: bool,
    /// Some dates count in the contact's own zone: midnight comes at many instants.
    pub contact_zones: bool,
}

impl Plan {
    /// Checks a filter against the fields of a workspace.
    pub fn of(filter: &Filter, fields: &FieldCatalogue) -> Result<Plan, Vec<FilterError>> {
        let mut planner = Planner { fields, plan: Plan::empty(filter.clone()), columns: HashMap::new(), errors: Vec::new() };
        let root = planner.group(filter, "");
        if !planner.errors.is_empty() {
            return Err(planner.errors);
        }
        planner.plan.root = if filter.is_empty() { Node::Nobody } else { root };
        Ok(planner.plan)
    }

    /// The plan of a filter without conditions.
    pub fn nobody() -> Plan {
        Plan::empty(Filter::all(Vec::new()))
    }

    fn empty(filter: Filter) -> Plan {
        Plan { root: Node::Nobody, leaves: Vec::new(), columns: Vec::new(), conditions: Vec::new(), filter }
    }

    /// The filter that this plan was made of.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets relative dates for one `now`; `zone` is the workspace's.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Moment {
        let bounds = self.leaves.iter().map(|leaf| leaf.date_test().map(|test| test.bounds(now, zone))).collect();
        let of_values = |leaf: &Leaf| match &leaf.question {
            Question::Related { rows: RowTest::Values(tests), .. } => {
                tests.iter().map(|test| test.date().map(|date| date.bounds(now, zone))).collect()
            }
            _ => Vec::new(),
        };
        let value_bounds = self.leaves.iter().map(of_values).collect();
        Moment { now, zone: zone.clone(), bounds, value_bounds }
    }

    /// Leaves that are answered by a scan of the contacts.
    pub fn scan_leaves(&self) -> impl Iterator<Item = usize> {
        self.leaves.iter().enumerate().filter(|(_, l)| matches!(l.question, Question::Column { .. })).map(|(i, _)| i)
    }

    /// Leaves that are answered by reading an index of related rows.
    pub fn index_leaves(&self) -> impl Iterator<Item = usize> {
        self.leaves.iter().enumerate().filter(|(_, l)| matches!(l.question, Question::Related { .. })).map(|(i, _)| i)
    }

    /// Puts the sets of the leaves together; `everyone` is what "not" is taken from.
    pub fn combine<'s>(&self, leaf: &dyn Fn(usize) -> &'s RoaringBitmap, everyone: &RoaringBitmap) -> RoaringBitmap {
        combine(&self.root, leaf, everyone)
    }

    /// The parts of the outermost group one after the other: the pointer of each, and whom the filter selects with this
    /// part and those before it.
    pub fn funnel<'s>(&self, leaf: &dyn Fn(usize) -> &'s RoaringBitmap, everyone: &RoaringBitmap) -> Vec<(String, u64)> {
        let (nodes, all) = match &self.root {
            Node::Not(inner) => match &**inner {
                Node::All(nodes) => (nodes, true),
                Node::Any(nodes) => (nodes, false),
                _ => return Vec::new(),
            },
            Node::All(nodes) => (nodes, true),
            Node::Any(nodes) => (nodes, false),
            _ => return Vec::new(),
        };
        let mut so_far = if all { everyone.clone() } else { RoaringBitmap::new() };
        let mut steps = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            let part = combine(node, leaf, everyone);
            so_far = if all { so_far & part } else { so_far | part };
            steps.push((format!("/rules/{i}"), (&so_far & everyone).len()));
        }
        steps
    }

    /// Several plans as one that asks every question once: the leaves of all, nothing that puts them together; and for
    /// each plan the places of its own leaves among them.
    pub fn join(plans: &[&Plan]) -> (Plan, Vec<Vec<usize>>) {
        let mut joined = Plan::nobody();
        let mut slots: HashMap<ColumnRef, usize> = HashMap::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut places = Vec::with_capacity(plans.len());
        for plan in plans {
            let mut own = Vec::with_capacity(plan.leaves.len());
            for leaf in &plan.leaves {
                let place = known.entry(plan.question_key(leaf)).or_insert_with(|| {
                    let mut slot = |at: usize| {
                        let column = &plan.columns[at];
                        *slots.entry(column.clone()).or_insert_with(|| {
                            joined.columns.push(column.clone());
                            joined.columns.len() - 1
                        })
                    };
                    let question = match &leaf.question {
                        Question::Column { slot: at, test, zone_slot } => {
                            Question::Column { slot: slot(*at), test: test.clone(), zone_slot: zone_slot.map(&mut slot) }
                        }
                        related => related.clone(),
                    };
                    joined.leaves.push(Leaf { question, label: leaf.label.clone() });
                    joined.leaves.len() - 1
                });
                own.push(*place);
            }
            places.push(own);
        }
        (joined, places)
    }

    /// The same for two leaves that ask the same. The label says operator and value.
    fn question_key(&self, leaf: &Leaf) -> String {
        match &leaf.question {
            Question::Column { slot, zone_slot, .. } => {
                format!("{}|{}|{}", self.columns[*slot].alias, zone_slot.is_some(), leaf.label)
            }
            Question::Related { relation, .. } => format!("{relation:?}|{}", leaf.label),
        }
    }

    pub fn dependencies(&self) -> Dependencies {
        let mut found = Dependencies::default();
        let mut company_columns: Vec<String> = Vec::new();
        for leaf in &self.leaves {
            if let Some(test) = leaf.date_test() {
                found.daily |= test.moves_daily();
                found.clock |= test.moves_with_clock();
                found.contact_zones |= test.contact_zone && (test.moves_daily() || test.moves_with_clock());
            }
            let Question::Related { relation, rows, .. } = &leaf.question else { continue };
            found.relations.insert(relation.clone());
            if let (Relation::Company { columns, .. }, RowTest::Values(tests)) = (relation, rows) {
                company_columns.extend(columns.iter().map(|c| c.alias.clone()));
                // A date of a company is looked at when the day changes.
                found.daily |= tests.iter().filter_map(ColumnTest::date).any(|d| d.moves_daily() || d.moves_with_clock());
            }
            let Some(ids) = rows.objects() else {
                found.any_segment |= *relation == Relation::Segment;
                found.any_company_segment |= *relation == Relation::CompanySegment;
                continue;
            };
            match relation {
                Relation::Segment => found.segments.extend(ids.iter().map(|id| SegmentId(*id))),
                Relation::Tag => found.tags.extend(ids.iter().map(|id| TagId(*id))),
                other => found.objects.extend(ids.iter().map(|id| (other.clone(), *id))),
            }
        }
        // No alias belongs to a contact and to a company.
        found.columns = self.columns.iter().map(|c| c.alias.clone()).chain(company_columns).collect();
        found
    }

    /// When the calendar next moves a date of this filter, if any moves with it. Dates in the contact's
    /// own zone are looked at every quarter of an hour, where some zone has midnight.
    pub fn next_calendar_flip(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        const QUARTER: i64 = 15 * 60_000;
        let depends = self.dependencies();
        match (depends.daily, depends.contact_zones) {
            (true, true) => Some(Timestamp(now.0 - now.0.rem_euclid(QUARTER) + QUARTER)),
            (true, false) => Some(next_midnight(now, zone)),
            _ => None,
        }
    }

    /// The filter in words, as one line.
    pub fn summary(&self) -> String {
        self.words(&self.root, true)
    }

    fn words(&self, node: &Node, outermost: bool) -> String {
        let list = |nodes: &[Node], word: &str| {
            let parts: Vec<String> = nodes.iter().map(|n| self.words(n, nodes.len() == 1 && outermost)).collect();
            let text = parts.join(word);
            if outermost || parts.len() == 1 { text } else { format!("({text})") }
        };
        match node {
            Node::Leaf(i) => self.leaves[*i].label.clone(),
            Node::All(nodes) => list(nodes, " and "),
            Node::Any(nodes) => list(nodes, " or "),
            Node::Not(inner) => format!("not ({})", self.words(inner, true)),
            Node::Nobody => "Only people added by hand".to_string(),
        }
    }
}

impl Leaf {
    pub(super) fn date_test(&self) -> Option<&DateTest> {
        match &self.question {
            Question::Column { test: ColumnTest::Day(test) | ColumnTest::Instant(test), .. } => Some(test),
            Question::Related { rows, .. } => rows.date_test(),
            Question::Column { .. } => None,
        }
    }
}

fn combine<'s>(node: &Node, leaf: &dyn Fn(usize) -> &'s RoaringBitmap, everyone: &RoaringBitmap) -> RoaringBitmap {
    match node {
        Node::Leaf(i) => leaf(*i).clone(),
        Node::All(nodes) => {
            let mut all: Option<RoaringBitmap> = None;
            for node in nodes {
                all = Some(match (all, node) {
                    (None, node) => combine(node, leaf, everyone),
                    (Some(all), Node::Leaf(i)) => all & leaf(*i),
                    (Some(all), node) => all & combine(node, leaf, everyone),
                });
            }
            all.unwrap_or_else(|| everyone.clone())
        }
        Node::Any(nodes) => nodes.iter().fold(RoaringBitmap::new(), |any, node| match node {
            Node::Leaf(i) => any | leaf(*i),
            node => any | combine(node, leaf, everyone),
        }),
        Node::Not(inner) => everyone - combine(inner, leaf, everyone),
        Node::Nobody => RoaringBitmap::new(),
    }
}

/// Conditions that one company has to meet.
struct CompanyLeaf {
    primary: bool,
    columns: Vec<ColumnRef>,
    tests: Vec<ColumnTest>,
    labels: Vec<String>,
    pointers: Vec<String>,
}

impl CompanyLeaf {
    fn new(primary: bool, column: ColumnRef, test: ColumnTest, label: String, pointer: String) -> CompanyLeaf {
        let (columns, tests, labels, pointers) = (vec![column], vec![test], vec![label], vec![pointer]);
        CompanyLeaf { primary, columns, tests, labels, pointers }
    }

    fn add(&mut self, column: ColumnRef, test: ColumnTest, label: String, pointer: String) {
        self.columns.push(column);
        self.tests.push(test);
        self.labels.push(label);
        self.pointers.push(pointer);
    }
}

struct Planner<'a> {
    fields: &'a FieldCatalogue,
    plan: Plan,
    columns: HashMap<ColumnRef, usize>,
    errors: Vec<FilterError>,
}

impl Planner<'_> {
    fn group(&mut self, group: &Filter, pointer: &str) -> Node {
        let mut nodes: Vec<Node> = Vec::new();
        let mut companies: Vec<CompanyLeaf> = Vec::new();
        for (i, rule) in group.rules.iter().enumerate() {
            let pointer = format!("{pointer}/rules/{i}");
            let condition = match rule {
                Rule::Group(inner) => {
                    nodes.push(self.group(inner, &pointer));
                    continue;
                }
                Rule::Condition(condition) => condition,
            };
            match build(condition, &pointer, self.fields) {
                // Conditions on companies that must all hold must hold for one company.
                Ok((Draft::Company { primary, column, test }, label)) => {
                    let all = group.matching == Match::All;
                    let together = companies.iter_mut().find(|c| all && c.primary == primary);
                    match together {
                        Some(leaf) => leaf.add(column, test, label, pointer),
                        None => companies.push(CompanyLeaf::new(primary, column, test, label, pointer)),
                    }
                }
                Ok((draft, label)) => nodes.push(self.leaf(draft, label, pointer)),
                Err(error) => self.errors.push(error),
            }
        }
        nodes.extend(companies.into_iter().map(|leaf| self.company(leaf)));
        let node = if group.matching == Match::All { Node::All(nodes) } else { Node::Any(nodes) };
        if group.not { Node::Not(Box::new(node)) } else { node }
    }

    fn leaf(&mut self, draft: Draft, label: String, pointer: String) -> Node {
        let question = match draft {
            Draft::Column { column, test, contact_zone } => {
                let slot = self.slot(column);
                let zone = ColumnRef { alias: "timezone".to_string(), column: Some("timezone".to_string()) };
                let zone_slot = contact_zone.then(|| self.slot(zone));
                Question::Column { slot, test, zone_slot }
            }
            Draft::Related { relation, rows, quantifier } => Question::Related { relation, rows, quantifier },
            Draft::Company { primary, column, test } => {
                return self.company(CompanyLeaf::new(primary, column, test, label, pointer));
            }
        };
        self.plan.leaves.push(Leaf { question, label });
        let leaf = self.plan.leaves.len() - 1;
        self.plan.conditions.push((pointer, leaf));
        Node::Leaf(leaf)
    }

    fn company(&mut self, leaf: CompanyLeaf) -> Node {
        let nothing = leaf.tests.iter().all(super::eval::holds_without_value);
        let relation = Relation::Company { primary: leaf.primary, columns: leaf.columns };
        let rows = RowTest::Values(leaf.tests);
        let question = Question::Related { relation, rows, quantifier: Quantifier::OneOrNothing { nothing } };
        self.plan.leaves.push(Leaf { question, label: leaf.labels.join(" and ") });
        let place = self.plan.leaves.len() - 1;
        self.plan.conditions.extend(leaf.pointers.into_iter().map(|pointer| (pointer, place)));
        Node::Leaf(place)
    }

    fn slot(&mut self, column: ColumnRef) -> usize {
        if let Some(slot) = self.columns.get(&column) {
            return *slot;
        }
        let slot = self.plan.columns.len();
        self.plan.columns.push(column.clone());
        self.columns.insert(column, slot);
        slot
    }
}

/// Whether rows without any match can satisfy a quantifier: then the set is taken from everyone.
impl Quantifier {
    pub fn holds_for_none(&self) -> bool {
        match self {
            Quantifier::AtLeastOne | Quantifier::Each { negated: false } => false,
            Quantifier::OneOrNothing { nothing } => *nothing,
            Quantifier::None | Quantifier::Each { negated: true } => true,
            Quantifier::Count(test) | Quantifier::Sum(test) => test.passes(Some(0.0)),
            Quantifier::Amount(test) => test.passes(None),
        }
    }
}
