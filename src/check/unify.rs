//! Type variables of signatures: what a call makes of them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::value::{Mismatch, RecordType, Type};

/// The type without variables: what nothing fixed is unknown, and its cause has a finding.
pub(super) fn settled(ty: Type) -> Type {
    match ty {
        Type::Variable(_) | Type::Number(_) | Type::Ordered(_) => Type::Error,
        Type::List(inner) => Type::list(settled(*inner)),
        Type::Optional(inner) => settled(*inner).optional(),
        Type::Map(key, value) => Type::map(settled(*key), settled(*value)),
        Type::Record(record) => Type::Record(of_fields(&record, |ty| settled(ty.clone()))),
        other => other,
    }
}

/// A record with other types for its fields.
fn of_fields(record: &RecordType, change: impl Fn(&Type) -> Type) -> Arc<RecordType> {
    RecordType::new(record.fields.iter().map(|field| (field.name.clone(), change(&field.ty))).collect::<Vec<_>>())
}

pub(super) fn has_variable(ty: &Type) -> bool {
    match ty {
        Type::Variable(_) | Type::Number(_) | Type::Ordered(_) => true,
        Type::List(inner) | Type::Optional(inner) | Type::Range(inner) => has_variable(inner),
        Type::Map(key, value) => has_variable(key) || has_variable(value),
        Type::Outcomes(item, result) => has_variable(item) || has_variable(result),
        Type::Record(record) | Type::Table(record) => record.fields.iter().any(|field| has_variable(&field.ty)),
        _ => false,
    }
}

/// Puts what the variables stand for into a type; a variable that nothing fixed is `any`-like.
pub(super) fn substitute(ty: &Type, variables: &HashMap<&'static str, Type>) -> Type {
    let within = |inner: &Type| Box::new(substitute(inner, variables));
    match ty {
        Type::Variable(name) | Type::Number(name) | Type::Ordered(name) => {
            variables.get(name).cloned().unwrap_or_else(|| ty.clone())
        }
        Type::List(inner) => Type::List(within(inner)),
        Type::Optional(inner) => substitute(inner, variables).optional(),
        Type::Range(inner) => Type::Range(within(inner)),
        Type::Map(key, value) => Type::Map(within(key), within(value)),
        Type::Outcomes(item, result) => Type::Outcomes(within(item), within(result)),
        Type::Record(record) if has_variable(ty) => Type::Record(of_fields(record, |ty| substitute(ty, variables))),
        other => other.clone(),
    }
}

/// Fits an argument's type to a parameter's, fixing variables on the way.
pub(super) fn unify(wanted: &Type, found: &Type, variables: &mut HashMap<&'static str, Type>) -> Result<(), Mismatch> {
    match (wanted, found) {
        (Type::Variable(name) | Type::Number(name) | Type::Ordered(name), found) => {
            bind_variable(wanted, name, found, variables)
        }
        (Type::List(item), found) => match found.item() {
            Some(found_item) if !matches!(found, Type::Error | Type::Any) => {
                unify(item, &found_item, variables).map_err(|m| within(m, "of the list's items"))
            }
            _ if found.is_unknown() => Ok(()),
            _ => found.fits(&substitute(wanted, variables)),
        },
        (Type::Map(key, value), Type::Map(found_key, found_value)) => {
            unify(key, found_key, variables).map_err(|m| within(m, "of the map's keys"))?;
            unify(value, found_value, variables).map_err(|m| within(m, "of the map's values"))
        }
        (Type::Optional(_), Type::None) => Ok(()),
        (Type::Optional(inner), Type::Optional(found)) => unify(inner, found, variables),
        (Type::Optional(inner), found) => unify(inner, found, variables),
        _ => found.fits(&substitute(wanted, variables)),
    }
}

fn within(mut mismatch: Mismatch, place: &str) -> Mismatch {
    mismatch.place = if mismatch.place.is_empty() { place.to_owned() } else { format!("{} {place}", mismatch.place) };
    mismatch
}

fn bind_variable(
    wanted: &Type,
    name: &'static str,
    found: &Type,
    variables: &mut HashMap<&'static str, Type>,
) -> Result<(), Mismatch> {
    let no = |wanted: &Type| Mismatch { place: String::new(), wanted: wanted.clone(), found: found.clone() };
    let is_fit = match wanted {
        Type::Number(_) => found.is_number() || *found == Type::Error,
        Type::Ordered(_) => found.is_ordered() || found.is_unknown(),
        _ => true,
    };
    if !is_fit {
        // A concrete type reads better than a letter: any number will do, `float` is the widest.
        return Err(no(if matches!(wanted, Type::Number(_)) { &Type::Float } else { wanted }));
    }
    match variables.get(name) {
        None => {
            variables.insert(name, found.clone());
            Ok(())
        }
        Some(known) => match known.join(found) {
            Some(joined) => {
                variables.insert(name, joined);
                Ok(())
            }
            None => Err(no(&known.clone())),
        },
    }
}
